import type { Vma } from '@criujs/linux';
import { adviceOfVmFlag, mapFlag, protection } from '../../facts/memory.ts';

/** Flags that a map keeps besides its kind, by the letters that proc_pid_smaps(5) shows for them. */
const flagOfLetters = [
  ['gd', mapFlag.growsDown],
  ['lo', mapFlag.locked],
  ['nr', mapFlag.noReserve],
] as const;

/** Flags that a map keeps besides its kind: it grows down, it is locked, its memory is not reserved. */
export function keptFlags({ vmFlags }: Vma): number {
  return flagOfLetters.reduce((flags, [letters, flag]) => flags | (vmFlags?.has(letters) ? flag : 0), 0);
}

/** What it may be used for now. */
export function protectionOf({ read, write, execute }: Vma): number {
  return (read ? protection.read : 0) | (write ? protection.write : 0) | (execute ? protection.execute : 0);
}

/** Advice that it keeps, as a set of bits. madvise(2). Maps with the same flags share one set: each is looked at once. */
export function adviceOf({ vmFlags }: Vma): bigint {
  if (vmFlags === undefined) return 0n;
  const advice = advices.get(vmFlags) ?? adviceIn(vmFlags);
  advices.set(vmFlags, advice);
  return advice;
}

const advices = new WeakMap<ReadonlySet<string>, bigint>();

function adviceIn(vmFlags: ReadonlySet<string>): bigint {
  let advice = 0n;
  for (const flag of vmFlags) {
    const number = adviceOfVmFlag[flag];
    if (number !== undefined) advice |= 1n << BigInt(number);
  }
  return advice;
}
