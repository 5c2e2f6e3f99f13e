import { arena } from '../arena.ts';
import { errno, LinuxError } from '../errors.ts';
import { longestAnswer, netlinkAlign, netlinkHeader, netlinkType, openNetlink } from '../netlink.ts';
import { expectSuccess, syscall, trySyscall } from '../syscall.ts';

const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const MSG_DONTWAIT = 0x40;
/** The kernel counts more than the bytes of a message. */
const overhead = 4096;

/** A socket to nf_tables in the network namespace of this thread. @throws LinuxError EPROTONOSUPPORT: the kernel has none */
export function openNetfilter(): number {
  return openNetlink(NETLINK_NETFILTER);
}

/**
 * Sends a batch and hears whether all of it was done; else nothing of it was. The kernel has answered when the call comes back.
 * @throws LinuxError the first error: EPERM without CAP_NET_ADMIN, ENOENT, EEXIST, EOPNOTSUPP where nf_tables is missing
 */
export function sendBatch(fd: number, bytes: Uint8Array): void {
  arena.scope(() => {
    const room = arena.alloc(4);
    room.view.setInt32(0, bytes.length + overhead, true);
    trySyscall('setsockopt', fd, SOL_SOCKET, SO_SNDBUFFORCE, room.address, 4);
    const block = arena.alloc(bytes.length);
    block.bytes.set(bytes);
    syscall('sendto', fd, block.address, block.length, 0, 0, 0);
    const first = readAnswers(fd).find((it) => it !== 0);
    if (first !== undefined) throw new LinuxError('nf_tables', first);
  });
}

/** The error numbers of all answers that are there; 0: done. */
function readAnswers(fd: number): number[] {
  const answers: number[] = [];
  const buffer = arena.alloc(longestAnswer);
  for (;;) {
    const result = trySyscall('recvfrom', fd, buffer.address, buffer.length, MSG_DONTWAIT, 0, 0);
    if (result === -errno.EAGAIN) return answers;
    answers.push(...parseAnswers(buffer.bytes.subarray(0, expectSuccess(result, 'nf_tables'))));
  }
}

/** The error numbers of one datagram of answers. netlink(7), NLMSG_ERROR */
export function parseAnswers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  for (let at = 0; at + netlinkHeader.size <= bytes.length; ) {
    const length = view.getUint32(at + netlinkHeader.length, true);
    if (length < netlinkHeader.size || at + length > bytes.length) throw new LinuxError('nf_tables', errno.EBADMSG);
    if (view.getUint16(at + netlinkHeader.type, true) === netlinkType.error && length >= netlinkHeader.size + 4)
      found.push(-view.getInt32(at + netlinkHeader.size, true));
    at += netlinkAlign(length);
  }
  return found;
}
