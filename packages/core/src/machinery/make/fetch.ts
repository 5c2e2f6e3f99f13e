import { ptracer, yamaScope } from '@criujs/linux';
import { prctl } from '../../facts/prctl.ts';
import { own } from './clone.ts';
import type { BuiltThread, Workshop } from './helper.ts';

/** SUID_DUMP_USER. PR_SET_DUMPABLE(2const) */
const dumpable = 1;

/**
 * Lets processes of the same user fetch descriptors of a process, as a tracer may: of one that has changed its user, and under Yama.
 * pidfd_getfd(2), ptrace(2) "Ptrace access mode checking"
 */
export function letFetch(thread: BuiltThread, workshop: Workshop): void {
  own(thread, workshop, 'prctl', [prctl.setDumpable, dumpable, 0, 0, 0]);
  if (yamaScope() !== null) own(thread, workshop, 'prctl', [ptracer.set, ptracer.any, 0, 0, 0]);
}

/** Takes that back; whether a process can be dumped (PR_SET_DUMPABLE) is put back with what else it has. */
export function letFetchNoMore(thread: BuiltThread, workshop: Workshop): void {
  if (yamaScope() !== null) own(thread, workshop, 'prctl', [ptracer.set, ptracer.none, 0, 0, 0]);
}

/**
 * Has a task take descriptors of another process, under numbers that it has free.
 * @param from a pid, of a process that lets it
 * @param taken called with each in turn: its number there, and the one that it has got
 */
export function fetchEach(
  thread: BuiltThread,
  workshop: Workshop,
  { from, numbers }: { readonly from: number; readonly numbers: readonly number[] },
  taken: (number: number, fetched: number) => void,
): void {
  if (numbers.length === 0) return;
  const pidfd = own(thread, workshop, 'pidfd_open', [from, 0]);
  for (const number of numbers) taken(number, own(thread, workshop, 'pidfd_getfd', [pidfd, number, 0]));
  own(thread, workshop, 'close', [pidfd]);
}

/** The same, in the place of what it has under the same numbers. */
export function fetchDescriptors(
  thread: BuiltThread,
  workshop: Workshop,
  which: { readonly from: number; readonly numbers: readonly number[] },
): void {
  fetchEach(thread, workshop, which, (number, fetched) => {
    own(thread, workshop, 'dup3', [fetched, number, 0]);
    own(thread, workshop, 'close', [fetched]);
  });
}
