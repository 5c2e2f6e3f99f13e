import { fields, hex, words } from './text.ts';

type FourIds = readonly [real: number, effective: number, saved: number, fileSystem: number];

/** /proc/PID/status, proc_pid_status(5). Signal masks have bit 0 for signal 1; capability masks bit n for number n. */
export interface Status {
  readonly name: string;
  readonly umask: number;
  readonly tgid: number;
  readonly pid: number;
  readonly ppid: number;
  /** 0 when nobody traces it. */
  readonly tracerPid: number;
  readonly uids: FourIds;
  readonly gids: FourIds;
  readonly groups: readonly number[];
  readonly threads: number;
  readonly sigQ: { readonly queued: number; readonly limit: number };
  readonly pendingThread: bigint;
  readonly pendingShared: bigint;
  readonly blocked: bigint;
  readonly ignored: bigint;
  readonly caught: bigint;
  readonly capInh: bigint;
  readonly capPrm: bigint;
  readonly capEff: bigint;
  readonly capBnd: bigint;
  readonly capAmb: bigint;
  readonly noNewPrivs: boolean;
  /** 0 none, 1 strict, 2 filters. */
  readonly seccomp: number;
  readonly seccompFilters: number;
  /** Its pid in each pid namespace, ours first, its own last. */
  readonly nsPid: readonly number[];
  /** KiB; 0 for kernel threads and zombies, as is the next. */
  readonly vmLocked: number;
  readonly vmResident: number;
  readonly coreDumping: boolean;
  readonly thpEnabled: boolean;
  /** Whether bits of its addresses mean nothing to the processor: some are left out of `untag_mask`. */
  readonly tagsAddresses: boolean;
  /** Shadow stack and its like: the words of `x86_Thread_features`. */
  readonly threadFeatures: readonly string[];
}

/** Parses /proc/PID/status. Lines that this kernel does not have answer zero, an empty list or false. */
export function parseStatus(text: string): Status {
  const all = fields(text);
  const field = (key: string): string => all.get(key) ?? '';
  const numbers = (key: string): number[] => words(field(key)).map(Number);
  const number = (key: string): number => Number.parseInt(field(key), 10) || 0;
  const mask = (key: string): bigint => hex(field(key) || '0');
  const four = (key: string): FourIds => {
    const [real = 0, effective = 0, saved = 0, fileSystem = 0] = numbers(key);
    return [real, effective, saved, fileSystem];
  };
  const [queued = 0, limit = 0] = field('SigQ').split('/').map(Number);
  return {
    // not trimmed: blanks at the ends belong to the name
    name: unescapeName(/^Name:\t([^\n]*)$/m.exec(text)?.[1] ?? ''),
    umask: Number.parseInt(field('Umask') || '0', 8),
    tgid: number('Tgid'),
    pid: number('Pid'),
    ppid: number('PPid'),
    tracerPid: number('TracerPid'),
    uids: four('Uid'),
    gids: four('Gid'),
    groups: numbers('Groups'),
    threads: number('Threads'),
    sigQ: { queued, limit },
    pendingThread: mask('SigPnd'),
    pendingShared: mask('ShdPnd'),
    blocked: mask('SigBlk'),
    ignored: mask('SigIgn'),
    caught: mask('SigCgt'),
    capInh: mask('CapInh'),
    capPrm: mask('CapPrm'),
    capEff: mask('CapEff'),
    capBnd: mask('CapBnd'),
    capAmb: mask('CapAmb'),
    noNewPrivs: number('NoNewPrivs') === 1,
    seccomp: number('Seccomp'),
    seccompFilters: number('Seccomp_filters'),
    nsPid: numbers('NSpid'),
    vmLocked: number('VmLck'),
    vmResident: number('VmRSS'),
    coreDumping: number('CoreDumping') === 1,
    thpEnabled: number('THP_enabled') === 1,
    tagsAddresses: /[^f]/.test(field('untag_mask').replace(/^0x/, '')),
    threadFeatures: words(field('x86_Thread_features')),
  };
}

/** The kernel writes a newline in a name as `\n` and a backslash as two. */
function unescapeName(name: string): string {
  return name.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
