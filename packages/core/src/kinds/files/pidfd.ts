import { arena, readThreads, signals, trySyscall, unlessGone } from '@criujs/linux';
import { between, hold, invalid, type Rule } from '../rules.ts';
import type { DumpContext, FilePayload, OpenFile } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { Problem, Recognition, SeenFile, Tree } from './held.ts';
import { keepPlace } from './keep-place.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry, LatePlace, LoadContext, Opener } from './opening.ts';
import { ownPart } from './own-part.ts';
import { isProcessOf } from './tree-member.ts';

type PidfdEntry = NonNullable<FileEntry['pidfd']>;

/** What fdinfo has as the pid of a process that has ended and been waited for, and of one that another pid namespace has. pidfd_open(2) */
const pidOf = { ended: -1, foreign: 0 } as const;
/** PIDFD_NONBLOCK and PIDFD_THREAD of pidfd_open(2), which are these flags of open(2). */
const flagsOfCall = openFlag.O_NONBLOCK | openFlag.O_EXCL;
/** PIDFD_GET_INFO and PIDFD_INFO_EXIT, since Linux 6.15: `struct pidfd_info` and places in it. linux/pidfd.h */
const info = { call: 0xc040_ff0b, size: 64, mask: 0, exitMask: 1n << 3n, exitCode: 60 } as const;

/** Handles of processes of the tree, and of processes that have ended. */
export const pidfd: FileKind = {
  name: 'process handle (pidfd)',
  describe: [
    {
      subject: 'pipes and events',
      taken: ['pidfd (also of processes that have ended)'],
      refused: ['pidfd of processes outside of the tree, or of one thread beside the main one'],
    },
  ],
  type: fileTypes.PIDFD,
  recognise: (file, tree) => (file.link === 'anon_inode:[pidfd]' ? recognise(file, tree) : null),
  dump,
  matches: ({ type }) => type === fileTypes.PIDFD,
  common: ({ pidfd: own }) => own,
  load,
};

/** The pid of its process, as we see it. */
function pidIn({ info: { fields } }: SeenFile): number {
  return Number(fields.get('Pid') ?? pidOf.foreign);
}

function recognise(file: SeenFile, tree: Tree): Recognition {
  const pid = pidIn(file);
  if (pid === pidOf.ended || isProcessOf(pid, tree)) return 'mine';
  const problem = (why: string, remedy: string): Problem => ({ file: pidfd.name, why, remedy });
  if (pid === pidOf.foreign)
    return problem('its process is in another pid namespace', 'Let the program close it before the dump.');
  if (tree.pids.some((process) => unlessGone<number[]>(() => readThreads(process), []).includes(pid)))
    return problem(
      `it is a handle of the single thread ${pid} (PIDFD_THREAD), which is not supported yet`,
      'Let the program close it before the dump, or open one of the process.',
    );
  return problem(
    `it is a handle of process ${pid}, outside of the dumped tree`,
    'Dump a tree that has that process, or let the program close it.',
  );
}

function dump({ id, seen, owner, fd }: OpenFile, { records }: DumpContext): FilePayload {
  const nspid = pidIn(seen);
  const exitCode = nspid === pidOf.ended ? exitCodeOf(fd) : null;
  if (exitCode !== null) records.pidfds.push({ id, exitCode });
  // The inode tells ended processes apart. CRIU keeps 32 bits of it, and flags as pidfd_open(2) takes them.
  const ino = Number(BigInt.asUintN(32, seen.stat.ino));
  return { pidfd: { id, ino, flags: seen.flags & flagsOfCall, nspid, fown: owner } };
}

/** How the process has ended, where the kernel keeps it. */
function exitCodeOf(fd: number): number | null {
  return arena.scope(() => {
    const answer = arena.alloc(info.size);
    answer.view.setBigUint64(info.mask, info.exitMask, true);
    if (trySyscall('ioctl', fd, info.call, answer.address) < 0) return null;
    const isKnown = (answer.view.getBigUint64(info.mask, true) & info.exitMask) !== 0n;
    return isKnown ? answer.view.getInt32(info.exitCode, true) & 0xffff : null;
  });
}

const rules: readonly Rule<PidfdEntry>[] = [
  between('the pid of a pidfd', ({ nspid }) => nspid, pidOf.ended, 2 ** 22),
  {
    what: 'the flags of a pidfd',
    value: ({ flags }) => flags,
    fits: ({ flags }) => (flags & ~(flagsOfCall | openFlag.O_RDWR)) === 0,
    expected: 'of pidfd_open(2)',
  },
];

function load({ entries, records }: LoadContext): Opener {
  const all = entries.map(entryOf);
  for (const entry of all) hold(entry, 'files.img', rules);
  const exitCodes = new Map(records?.pidfds?.map(({ id, exitCode }) => [id, exitCode]));
  /** Numbers of those of ended processes that were opened and not asked for yet, by their ids. */
  const opened = new Map<number, number>();
  return {
    open: keepPlace,
    isLate: () => true,
    openLate(entry, place) {
      const own = entryOf(entry);
      if (own.nspid !== pidOf.ended) return openLiving(own, place);
      if (!opened.has(own.id)) {
        const same = all.filter(({ ino, nspid }) => nspid === pidOf.ended && ino === own.ino);
        // Images of CRIU do not say how it ended; there it was killed.
        place.withEnding(exitCodes.get(own.id) ?? signals.SIGKILL, (pid) => {
          for (const it of same) opened.set(it.id, openAs(it, pid, place));
        });
      }
      return opened.get(own.id) as number;
    },
  };
}

function entryOf(entry: FileEntry): PidfdEntry {
  return ownPart(entry, 'pidfd', 'pidfd');
}

function openLiving(entry: PidfdEntry, place: LatePlace): number {
  const pid = place.now(entry.nspid);
  if (pid === undefined)
    throw invalid('files.img', `pidfd ${entry.id} leads to process ${entry.nspid}, which the images do not have`);
  return openAs(entry, pid, place);
}

function openAs({ flags }: PidfdEntry, pid: number, place: LatePlace): number {
  return place.call('pidfd_open', [pid, flags & flagsOfCall]);
}
