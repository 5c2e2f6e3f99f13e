import type { Vma } from '@criujs/linux';
import type { MapProblem } from './kind.ts';

/** What a dump and a restore make of a flag. */
type Treatment = 'restored' | 'irrelevant' | 'refused';

/** A flag of a map. */
export interface VmFlag {
  /** The two letters that VmFlags shows for it. */
  readonly letters: string;
  readonly treatment: Treatment;
  /** How it comes back, why nobody misses it, or why it is refused. */
  readonly why: string;
  /** What to do about one that is refused. */
  readonly remedy?: string;
}

function restored(letters: string, why: string): VmFlag {
  return { letters, treatment: 'restored', why };
}

function irrelevant(letters: string, why: string): VmFlag {
  return { letters, treatment: 'irrelevant', why };
}

function refused(letters: string, why: string, remedy: string): VmFlag {
  return { letters, treatment: 'refused', why, remedy };
}

const faults = [
  'a userfaultfd handles its page faults, which nobody restores',
  'Unregister the memory, or close the userfaultfd, before the dump.',
] as const;
const permission = "follows from what is mapped: a file that may be written, the kernel's own pages";
const device = 'only devices and the pages of the kernel have it: plugins and the kernel make those';

/**
 * Every flag that kernels show in VmFlags, and what becomes of it. fs/proc/task_mmu.c (show_smap_vma_flags) of Linux 4.4 to 6.19,
 * proc_pid_smaps(5).
 */
export const vmFlags: readonly VmFlag[] = [
  ...['rd', 'wr', 'ex'].map((letters) => restored(letters, 'the protection')),
  restored('sh', 'MAP_SHARED'),
  restored('gd', 'MAP_GROWSDOWN'),
  restored('lo', 'mlock(2)'),
  restored('lf', 'mlock2(2) with MLOCK_ONFAULT'),
  restored('nr', 'MAP_NORESERVE'),
  restored('dp', 'MAP_DROPPABLE'),
  restored('sl', 'mseal(2)'),
  ...['sr', 'rr', 'dc', 'mg', 'hg', 'nh', 'dd', 'wf'].map((letters) => restored(letters, 'advice of madvise(2)')),
  ...['mr', 'mw', 'me', 'ms'].map((letters) => irrelevant(letters, permission)),
  ...['pf', 'io', 'mm', 'de', 'ar'].map((letters) => irrelevant(letters, device)),
  irrelevant('ac', 'the kernel accounts for memory that may be written or was: a restore writes what was written'),
  irrelevant('sd', 'for those who track writes from outside: a restore has written all'),
  irrelevant('gu', 'there may be guard pages: those that there are come back'),
  irrelevant('dw', 'not shown since Linux 5.15: the kernel keeps program files from being written'),
  irrelevant(
    'ht',
    'follows from what is mapped: a memfd or a file with huge pages; anonymous ones have a kind of their own',
  ),
  ...['um', 'uw', 'ui'].map((letters) => refused(letters, ...faults)),
  refused('sf', 'it is synchronous (MAP_SYNC), which is not supported yet', 'Map the file without MAP_SYNC.'),
  refused('ss', 'shadow stacks are not supported yet', 'Run it without shadow stacks (glibc.cpu.x86_shstk=off).'),
  refused('nl', 'it is mapped in another order than the file (remap_file_pages)', 'Map the pieces one by one.'),
  refused('mp', 'bounds tables (MPX) are not supported', 'Run it without MPX.'),
  ...['bt', 'mt'].map((letters) => refused(letters, 'it belongs to another processor', 'Dump it on an x86-64 kernel.')),
];

const byLetters = new Map(vmFlags.map((flag) => [flag.letters, flag]));

const noFlags: ReadonlySet<string> = new Set();

/** Why flags of a map keep it from being dumped; null: none does. Maps with the same flags share one set: each is looked at once. */
export function problemOfFlags({ vmFlags = noFlags }: Vma): MapProblem | null {
  const known = problems.get(vmFlags);
  if (known !== undefined) return known;
  const found = problemOf(vmFlags);
  problems.set(vmFlags, found);
  return found;
}

const problems = new WeakMap<ReadonlySet<string>, MapProblem | null>();

function problemOf(vmFlags: ReadonlySet<string>): MapProblem | null {
  for (const letters of vmFlags) {
    const flag = byLetters.get(letters);
    if (flag === undefined) return unknownFlag(letters);
    if (flag.treatment === 'refused') return { why: flag.why, remedy: flag.remedy ?? '' };
  }
  return null;
}

function unknownFlag(letters: string): MapProblem {
  return {
    why: `the kernel shows a flag (VmFlags: ${letters}) that this criujs does not know`,
    remedy: 'Use a newer criujs, or dump it with CRIU (--engine criu).',
  };
}
