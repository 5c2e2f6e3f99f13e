import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

/** struct pollfd, poll(2): the descriptor, two bytes of what is wanted, two of what there is. */
export const entryLength = 8;
export const wantedOffset = 4;
const thereOffset = 6;
export const POLLIN = 1;
const POLLOUT = 4;
const microsecond = 1000;

/**
 * Which of these descriptors can be read, or have ended, ppoll(2). Looks once, or holds this thread for up to `microseconds`
 * until one can.
 */
export function readable(descriptors: readonly number[], microseconds = 0): number[] {
  return ready(descriptors, POLLIN, microseconds);
}

/** Which of these descriptors take bytes, or have lost their reader; as {@link readable}. */
export function writable(descriptors: readonly number[], microseconds = 0): number[] {
  return ready(descriptors, POLLOUT, microseconds);
}

function ready(descriptors: readonly number[], wanted: number, microseconds: number): number[] {
  return arena.scope(() => {
    const entries = arena.alloc(descriptors.length * entryLength);
    descriptors.forEach((fd, index) => {
      entries.view.setInt32(index * entryLength, fd, true);
      entries.view.setInt16(index * entryLength + wantedOffset, wanted, true);
    });
    const limit = arena.alloc(16);
    limit.view.setBigInt64(8, BigInt(microseconds * microsecond), true);
    const result = trySyscall('ppoll', entries.address, descriptors.length, limit.address, 0, 0);
    if (result === -errno.EINTR || result === 0) return [];
    expectSuccess(result, 'ppoll', { about: `of ${descriptors.length} descriptors` });
    return descriptors.filter((_, index) => entries.view.getInt16(index * entryLength + thereOffset, true) !== 0);
  });
}
