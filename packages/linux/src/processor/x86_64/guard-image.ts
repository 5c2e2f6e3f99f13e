import { assemble } from './assemble.ts';
import { checkPages, pageLength, programImage } from './elf.ts';
import { type GuardLayout, guardDescriptor, guardLines, guardVerdictLength } from './guard-code.ts';
import { createData, type GuardCall } from './image-data.ts';

export type { GuardCall } from './image-data.ts';

/**
 * How a guard that nobody can give an order any more decides, by the bytes in a pipe. It looks at that pipe only when it is told
 * something: its owner, who writes them, wakes nobody for whom it might have to wait.
 */
export interface Arming {
  /** The pipe: two bytes are an order, one has the guard do what follows instead, none has it do nothing. */
  readonly by: number;
  /** Each is made whatever the others answer. */
  readonly otherwise: readonly GuardCall[];
}

/** What a guard does once it is told to. */
export interface GuardPlan {
  /** Where the guard's memory begins; any free place does. */
  readonly base?: number;
  /** Has the end of the pipe of orders, when its owner has died, mean more than that nobody orders anything. */
  readonly armed?: Arming;
  /** The call that commits. Best one that happens or does not, such as renameat2 of a file that is already on disk. */
  readonly commit: GuardCall;
  /** What `commit` must answer for the rest to be done. */
  readonly expect: number;
  /** Made after the commit, each whatever the others answer. */
  readonly then: readonly GuardCall[];
}

/**
 * What the guard writes to descriptor 4 when it is through: how many calls of `then` failed, or the error of `commit`,
 * 0 when that answered something unexpected, such as a short write.
 */
export type GuardVerdict =
  | { readonly committed: true; readonly failures: number }
  | { readonly committed: false; readonly errno: number };

const defaultBase = 0x400000;
const guardName = 'criujs-guard\0';
const allSignals = new Uint8Array(8).fill(0xff);
/** Bytes in the pipe of an armed guard. */
const armedBytes = 2;
const PR_SET_NAME = 15;
const SIG_SETMASK = 2;

/** Builds the guard for x86-64. */
export function guardImage(plan: GuardPlan): Buffer {
  const base = plan.base ?? defaultBase;
  checkPages('base', base);
  const dataBase = base + pageLength;
  const data = createData(dataBase);
  const verdict = data.add(new Uint8Array(8));
  const waitForOrder: GuardCall = ['read', guardDescriptor.order, verdict, 1];
  const prepare: readonly GuardCall[] = [
    ['prctl', PR_SET_NAME, Buffer.from(guardName)],
    ['rt_sigprocmask', SIG_SETMASK, allSignals, 0, allSignals.length],
    waitForOrder,
    ...(plan.armed === undefined ? [] : [['read', plan.armed.by, verdict, armedBytes] satisfies GuardCall]),
  ];
  const layout: GuardLayout = {
    prepare: data.table(prepare),
    prepareCount: prepare.length,
    order: plan.armed === undefined ? 1 : armedBytes,
    otherwise: data.table(plan.armed?.otherwise ?? []),
    otherwiseCount: plan.armed?.otherwise.length ?? 0,
    commit: data.table([plan.commit, ...plan.then]),
    commitCount: 1,
    expect: BigInt(plan.expect),
    thenCount: plan.then.length,
    verdict,
  };
  return programImage(base, assemble(guardLines(layout)).code, data.bytes());
}

/** Reads what a guard wrote; null while there are fewer than `guardVerdictLength` bytes: it died, or is not through. */
export function readGuardVerdict(bytes: Uint8Array): GuardVerdict | null {
  if (bytes.length < guardVerdictLength) return null;
  const number = Buffer.from(bytes).readUInt32LE(1);
  return bytes[0] === 'y'.charCodeAt(0) ? { committed: true, failures: number } : { committed: false, errno: number };
}
