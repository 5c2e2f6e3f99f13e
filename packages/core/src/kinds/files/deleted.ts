import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type EngineOptions, largestImage } from '@criujs/engine-kit';
import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import type { SaveContext, SavedFile } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import { ghostImageName, ghostRecords, targetOf } from './ghost-image.ts';
import type { HeldFile, Holder, Problem, Recognition } from './held.ts';
import type { FileKind } from './kind.ts';
import { linkAgain, linkProblem, type MakeProblem } from './link-remap.ts';
import { hasPath, isDeleted, lookAt, nameOf } from './reachable.ts';
import { commonOfReg, inheritablePath, pathEntry, regularEntry } from './reg-entry.ts';
import { loadRemapped, remapImage, remapTypes } from './remap.ts';
import { errorCode } from './seen.ts';
import { isStateless } from './stateless.ts';

/**
 * Files that have lost the name they were opened by. One without any name goes into the images (`ghost-file-N.img`); one that has
 * others gets a new one, which stays until the restore (`link_remap.N`). CRIU calls them ghost files and link remaps.
 */
export const deletedFile: FileKind = {
  name: 'deleted file',
  describe: [
    {
      subject: 'files',
      taken: [
        'deleted files (open, mapped, as program or directory), up to `--ghost-limit`',
        'files that have lost one of their names (`--link-remap`)',
      ],
    },
  ],
  type: fileTypes.REG,
  recognise: (file, { options }) => recognise(file, options),
  withoutDescriptor: {
    recognise,
    dump: (id, file) => ({ reg: { ...pathEntry(id, file), name: nameOf(file.link) } }),
  },
  dump: ({ id, seen, owner }) => ({ reg: { ...regularEntry(id, seen, owner), name: nameOf(seen.link) } }),
  save,
  matches: ({ reg, remap }) => reg !== undefined && remap !== undefined,
  common: commonOfReg,
  inheritable: inheritablePath,
  load: loadRemapped,
};

function recognise(file: HeldFile, options: EngineOptions<'dump'>): Recognition {
  const { link, stat } = file;
  if (!hasPath(link) || !isDeleted(link, stat)) return null;
  const keep = keepers[typeOf(stat.mode)];
  if (keep === undefined) return null;
  const problem: MakeProblem = (what, remedy) => ({
    file: `deleted file ${nameOf(link)}`,
    why: what,
    remedy,
  });
  if (!isWhereItsNameLeads(file))
    return problem(
      'it lies in a file system that its name does not lead to',
      'Let the program close it, or dump from the mount namespace of the process.',
    );
  if (stat.nlink > 0n) return linkProblem(file, options, problem) ?? 'mine';
  return keep(file, options, problem) ?? 'mine';
}

/** Why a file without any name cannot be stored, by its type. Types that are missing here belong to other kinds. */
const keepers: Readonly<
  Record<number, (file: HeldFile, options: EngineOptions<'dump'>, problem: MakeProblem) => Problem | null>
> = {
  [fileType.regular]({ stat, handle }, { ghostLimit }, problem) {
    const bytes = stat.blocks * 512n < stat.size ? stat.blocks * 512n : stat.size;
    const most = BigInt(Math.min(ghostLimit, largestImage(ghostImageName(1)) - (1 << 20)));
    if (bytes > most)
      return problem(
        `it has no name any more and holds ${bytes} bytes, and the images take at most ${most} bytes of such a file`,
        bytes > ghostLimit
          ? 'Allow more: --ghost-limit SIZE (option `ghostLimit`), or let the program close it.'
          : 'Let the program close it.',
      );
    if (stat.size > BigInt(Number.MAX_SAFE_INTEGER))
      return problem(`its size is ${stat.size}`, 'Let the program close it.');
    return unreadable(handle, problem);
  },
  [fileType.directory]: () => null,
  [fileType.link]: () => null,
  [fileType.fifo]: () => null,
  [fileType.character](file, _, problem) {
    if (isStateless(deviceOf(file.stat))) return null;
    return problem('this device has state that nobody saves', 'Let the program close it.');
  },
};

function unreadable(path: string, problem: MakeProblem): Problem | null {
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch (error) {
    return problem(`it has no name any more, and this user may not read it (${errorCode(error)})`, 'Dump it as root.');
  }
}

/** Overlayfs shows files of its layers under other device numbers. statfs(2). */
const overlay = 0x794c7630;

/** Whether a file can be made under its name again and be of the same file system. */
function isWhereItsNameLeads({ link, stat }: HeldFile): boolean {
  for (let at = dirname(nameOf(link)); ; at = dirname(at)) {
    const directory = lookAt(at);
    if (directory === null && at !== dirname(at)) continue;
    return directory?.dev === stat.dev || statfsSync(at).type === overlay;
  }
}

/** One inode, and all entries that open it. */
interface Nameless {
  readonly file: HeldFile;
  readonly holder: Holder | null;
  readonly ids: number[];
}

function save(saved: readonly SavedFile[], context: SaveContext): void {
  const inodes = new Map<string, Nameless>();
  for (const { entry, file, holder } of saved) {
    const key = `${file.stat.dev}:${file.stat.ino}`;
    const known = inodes.get(key);
    if (known === undefined) inodes.set(key, { file, holder, ids: [entry.id] });
    else known.ids.push(entry.id);
  }
  const all = [...inodes.values()];
  const ghosts = all.filter(({ file }) => file.stat.nlink === 0n);
  ghosts.forEach((ghost, at) => {
    saveGhost(ghost, at + 1, context);
  });
  const linked = all.filter(({ file }) => file.stat.nlink > 0n);
  const links = linkAgain(
    linked.map(({ file }) => file),
    context,
  );
  const remaps = [
    ...ghosts.flatMap(({ ids }, at) => ids.map((origId) => ({ origId, remapId: at + 1, remapType: remapTypes.ghost }))),
    ...linked.flatMap(({ ids }, at) =>
      ids.map((origId) => ({ origId, remapId: links[at] as number, remapType: remapTypes.linked })),
    ),
  ];
  if (remaps.length > 0)
    context.images.write(
      'REMAP_FPATH',
      remapImage,
      remaps.map((message) => ({ message })),
    );
}

function saveGhost({ file, holder }: Nameless, id: number, { images, tree }: SaveContext): void {
  const isLink = typeOf(file.stat.mode) === fileType.link && holder !== null;
  images.write('GHOST_FILE', ghostImageName(id), ghostRecords(file, isLink ? tree.borrow(holder, targetOf) : null));
}
