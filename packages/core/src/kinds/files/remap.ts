import { unlinkSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { deviceNumber, duplicate } from '@criujs/linux';
import { invalid, unsupported } from '../rules.ts';
import { type GhostImage, readGhost } from './ghost-image.ts';
import { makeNameless, type NamelessFile, type OpenNameless } from './ghost-make.ts';
import { isGivenName } from './link-remap.ts';
import { checkPlace } from './named.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';
import { atPosition, regOf } from './reg-entry.ts';
import { isStateless } from './stateless.ts';

/** Where CRIU keeps which files are found elsewhere. */
export const remapImage = 'remap-fpath.img';
/** How a file is found instead of under its name. images/remap-file-path.proto of CRIU, `remap_type` */
export const remapTypes = { linked: 0, ghost: 1 } as const;
/** The mark of a deleted file in images of CRIU before 1.8, which have no type. */
const oldGhostMark = 0x8000_0000;

/** Types of deleted files that can be made again. */
const ghostTypes: readonly number[] = [
  fileType.regular,
  fileType.directory,
  fileType.link,
  fileType.fifo,
  fileType.character,
];

/** Opens files that are not found under their name. All are made when the first is opened. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function loadRemapped(context: LoadContext): Opener {
  const files = namelessFiles(context);
  let open: OpenNameless | undefined;
  const descriptorOf = ({ id }: FileEntry): number => {
    if (open === undefined) {
      open = makeNameless(files, (entry) => context.hasDescriptor(entry.id));
      for (const fd of open.descriptors.values()) context.keep(fd);
      for (const warning of open.warnings) context.session.warn(warning);
    }
    const fd = open.descriptors.get(id);
    if (fd === undefined) throw new EngineError('INTERNAL', `file ${id} was not made`);
    return fd;
  };
  return {
    open(entry) {
      return atPosition(duplicate(descriptorOf(entry)), regOf(entry));
    },
    handle: (entry) => `/proc/self/fd/${descriptorOf(entry)}`,
  };
}

/** The files, each with every entry that opens it. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
function namelessFiles(context: LoadContext): NamelessFile[] {
  const { entries, images } = context;
  const files = new Map<string, { readonly from: NamelessFile['from']; readonly entries: FileEntry[] }>();
  for (const entry of entries) {
    const { isGhost, id } = remapOf(entry);
    const key = `${isGhost} ${id}`;
    const known = files.get(key);
    if (known !== undefined) known.entries.push(entry);
    else files.set(key, { from: isGhost ? checked(readGhost(images, id)) : linkOf(id, context), entries: [entry] });
  }
  return [...files.values()];
}

function remapOf(entry: FileEntry): { readonly isGhost: boolean; readonly id: number } {
  const { remap } = entry;
  if (remap === undefined) throw new EngineError('INTERNAL', `file ${entry.id} is found under its name`);
  const { remapId, remapType } = remap;
  if (remapType === remapTypes.ghost) return { isGhost: true, id: remapId };
  if (remapType === remapTypes.linked) return { isGhost: remapId >= oldGhostMark, id: remapId % oldGhostMark };
  throw unsupported(
    `${remapImage}: file ${entry.id} (${regOf(entry).name}) belonged to a process that had ended`,
    'Restore these images with CRIU.',
  );
}

/** Refuses types that a dump never stores: opening some files has side effects. */
function checked(ghost: GhostImage): GhostImage {
  const type = typeOf(ghost.mode);
  if (!ghostTypes.includes(type))
    throw unsupported(`${ghost.image}: a deleted file of type ${type.toString(8)}`, 'Restore these images with CRIU.');
  if (type === fileType.character && !isStateless(deviceNumber(BigInt(ghost.rdev))))
    throw unsupported(`${ghost.image}: a device that has state`, 'Restore these images with CRIU.');
  return ghost;
}

/** The name that a dump gave it; it is removed before the tree runs. */
function linkOf(id: number, { entry: entryOf, beforeItRuns }: LoadContext): { readonly link: string } {
  const entry = entryOf(id);
  if (entry === undefined) throw invalid(remapImage, `no file ${id} in files.img`);
  const { name: link } = regOf(entry);
  checkPlace(link);
  // Images are not believed: no other file is removed because of them.
  if (isGivenName(link))
    beforeItRuns({ what: `the name ${link}, which the dump gave to a file`, undo: () => unlinkSync(link) });
  return { link };
}
