/** /proc/PID/stat, proc_pid_stat(5). Addresses are bigint; without the right to trace the process the kernel answers 0. */
export interface Stat {
  readonly pid: number;
  readonly comm: string;
  /** One letter: R running, S sleeping, D uninterruptible, T stopped, t traced, Z zombie, X dead, I idle. */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  readonly ttyNr: number;
  readonly tpgid: number;
  /** PF_* of the kernel. */
  readonly flags: number;
  readonly priority: number;
  readonly nice: number;
  readonly threads: number;
  /** Clock ticks since boot: with the pid, the identity of a process. */
  readonly startTime: bigint;
  readonly startCode: bigint;
  readonly endCode: bigint;
  readonly startStack: bigint;
  readonly startData: bigint;
  readonly endData: bigint;
  readonly startBrk: bigint;
  readonly argStart: bigint;
  readonly argEnd: bigint;
  readonly envStart: bigint;
  readonly envEnd: bigint;
  readonly exitSignal: number;
  /** A wait status. */
  readonly exitCode: number;
  /** Scheduling policy. */
  readonly policy: number;
  readonly rtPriority: number;
}

/** Parses /proc/PID/stat. The command may hold anything, parentheses and blanks included: the last `)` ends it. */
export function parseStat(text: string): Stat {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) throw new RangeError(`not a line of /proc/PID/stat: ${JSON.stringify(text)}`);
  const rest = text
    .slice(close + 2)
    .trim()
    .split(' ');
  /** The field by its number in the man page, where the state is the third. */
  const field = (number: number): string => rest[number - 3] ?? '0';
  const number = (of: number): number => Number(field(of));
  const big = (of: number): bigint => BigInt(field(of));
  return {
    pid: Number(text.slice(0, open)),
    comm: text.slice(open + 1, close),
    state: field(3),
    ppid: number(4),
    pgrp: number(5),
    session: number(6),
    ttyNr: number(7),
    tpgid: number(8),
    flags: number(9),
    priority: number(18),
    nice: number(19),
    threads: number(20),
    startTime: big(22),
    startCode: big(26),
    endCode: big(27),
    startStack: big(28),
    exitSignal: number(38),
    rtPriority: number(40),
    policy: number(41),
    startData: big(45),
    endData: big(46),
    startBrk: big(47),
    argStart: big(48),
    argEnd: big(49),
    envStart: big(50),
    envEnd: big(51),
    exitCode: number(52),
  };
}
