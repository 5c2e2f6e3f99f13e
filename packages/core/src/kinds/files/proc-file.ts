import { setPosition } from '@criujs/linux';
import { invalid } from '../rules.ts';
import { fileTypes } from './file-type.ts';
import { openFlag, reopenFlags } from './flags.ts';
import type { Problem, Recognition, SeenFile, Tree } from './held.ts';
import { keepPlace } from './keep-place.ts';
import type { FileKind } from './kind.ts';
import { opening } from './named.ts';
import type { FileEntry, LatePlace } from './opening.ts';
import { deletedMark, lookAt, nameOf } from './reachable.ts';
import { commonOfReg, noPosition, regOf, regularEntry } from './reg-entry.ts';
import { isProcessOf } from './tree-member.ts';

/** A path below `/proc/PID`: the process, one of its threads, one of its descriptors. proc(5) */
const procPath = /^\/proc\/(?<pid>\d+)(?<rest>(?:\/task\/(?<tid>\d+))?(?:\/fdinfo\/(?<fd>\d+))?(?:\/.*)?)$/s;
/**
 * Links there that lead anywhere, and steps back: such a path is none that the kernel gives to an open file, and images could name files of
 * the engine with it. proc(5)
 */
const elsewhere = /^(?:\/task\/\d+)?\/(?:exe$|(?:cwd|root)(?:\/|$)|(?:fd|ns|map_files)\/)|\/\.{0,2}(?:\/|$)/;
/** The process that every machine has, and that no restore makes. */
const init = 1;

interface ProcPath {
  readonly pid: number;
  /** null: it is not below the folder of a thread. */
  readonly tid: number | null;
  /** The descriptor that fdinfo tells of; null: it is another file. */
  readonly fd: number | null;
  /** The path below `/proc/PID`. */
  readonly rest: string;
}

/** Files and directories of processes in `/proc`: of the tree, and of init. They are opened when all processes exist. */
export const procFile: FileKind = {
  name: 'file of a process in /proc',
  describe: [
    {
      subject: 'files',
      taken: ['files of processes of the tree and of init in `/proc`'],
      refused: [
        'files in `/proc` of processes outside of the tree or that have ended, or of one thread beside the main one',
      ],
    },
  ],
  type: fileTypes.REG,
  recognise(file, tree) {
    const path = parse(nameOf(file.link));
    return path !== null && file.stat.dev === lookAt('/proc')?.dev ? recognise(file, path, tree) : null;
  },
  dump: ({ id, seen, owner }) => ({ reg: { ...regularEntry(id, seen, owner), name: nameOf(seen.link) } }),
  matches: ({ type, reg, remap }) => type === fileTypes.REG && remap === undefined && parse(reg?.name ?? '') !== null,
  common: commonOfReg,
  load: () => ({
    open: keepPlace,
    isLate: () => true,
    openLate,
    // What it shows is whole only now, and a position is found by showing what comes before it.
    start(entry, fd) {
      const { pos, flags } = regOf(entry);
      if (pos !== 0n && pos !== noPosition && (flags & openFlag.O_PATH) === 0) setPosition(fd, pos);
    },
  }),
};

function parse(name: string): ProcPath | null {
  const groups = procPath.exec(name)?.groups;
  if (groups === undefined || elsewhere.test(groups['rest'] ?? '')) return null;
  const number = (text: string | undefined): number | null => (text === undefined ? null : Number(text));
  return {
    pid: Number(groups['pid']),
    tid: number(groups['tid']),
    fd: number(groups['fd']),
    rest: groups['rest'] ?? '',
  };
}

function recognise({ link, stat }: SeenFile, { pid, tid, fd }: ProcPath, tree: Tree): Recognition {
  const problem = (why: string, remedy: string): Problem => ({ file: nameOf(link), why, remedy });
  const close = 'Let the program close it before the dump.';
  // The kernel marks those of a network when others look them up, too: they are the same nevertheless.
  if (link.endsWith(deletedMark) && lookAt(nameOf(link))?.ino !== stat.ino)
    return problem('what it belonged to has ended, and reading it gives ESRCH', close);
  if (pid === init) return 'mine';
  if (!isProcessOf(pid, tree))
    return problem(
      `it belongs to process ${pid}, outside of the dumped tree`,
      'Dump a tree that has that process, or let the program close it.',
    );
  if (tid !== null && tid !== pid)
    return problem(
      `it belongs to the single thread ${tid}, which is not supported yet`,
      'Let the program close it before the dump, or open the one of the process.',
    );
  if (fd !== null && !tree.all.some((it) => it.pid === pid && it.fd === fd))
    return problem(`process ${pid} has closed the descriptor ${fd}, which it tells of`, close);
  return 'mine';
}

function openLate(entry: FileEntry, place: LatePlace): number {
  const { name, flags } = regOf(entry);
  const path = parse(name);
  if (path === null) throw invalid('files.img', `file ${entry.id} is not in /proc`);
  const { pid, tid, fd, rest } = path;
  const now = place.now(pid);
  if (now === undefined && pid !== init)
    throw invalid('files.img', `file ${entry.id} is ${name}, and the images do not have the process ${pid}`);
  // The kernel shows no descriptor that is not open.
  if (fd !== null) place.occupy(pid, fd);
  const below = tid === null ? rest : rest.replace(`/task/${tid}`, `/task/${now ?? pid}`);
  const actual = `/proc/${now ?? pid}${below}`;
  return opening(actual, () => place.open(actual, reopenFlags(flags)));
}
