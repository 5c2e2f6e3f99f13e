import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { setVector } from '../memory.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';
import {
  answeredFlags,
  controlHeader,
  initMessage,
  messageFlag,
  messageLength,
  messageVector,
  nextControl,
  setControl,
  setName,
  usedControl,
  usedName,
} from './message.ts';

/** What came along with a datagram, which its receiver asked for. cmsg(3) */
export interface Ancillary {
  readonly level: number;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A datagram that waits in a socket. */
export interface WaitingDatagram {
  readonly bytes: Buffer;
  /** The `sockaddr` of whoever sent it. */
  readonly from: Buffer;
  readonly ancillary: readonly Ancillary[];
  /** It did not fit: bytes, or what came along. */
  readonly isCut: boolean;
}

/** No datagram is longer; several that are received as one are not either (UDP_GRO of udp(7)). */
const longest = 65_536;
const addressRoom = 128;
const controlRoom = 2048;
const flags = messageFlag.peek | messageFlag.dontWait | messageFlag.truncated;

/**
 * Looks at the datagram that an internet socket gives next, which stays there. Where SO_PEEK_OFF of the socket is set, the kernel goes on
 * behind it at the next call.
 * @returns null: nothing waits
 * @throws LinuxError an error that waits in the socket, which is gone then
 */
export function peekDatagram(fd: number): WaitingDatagram | null {
  return arena.scope(() => {
    const data = arena.alloc(longest);
    const head = arena.alloc(messageLength);
    const name = arena.alloc(addressRoom);
    const control = arena.alloc(controlRoom);
    initMessage(head);
    setVector(head, messageVector, data.address, longest);
    setName(head, name);
    setControl(head, control, controlRoom);
    const result = trySyscall('recvmsg', fd, head.address, flags);
    if (result === -errno.EAGAIN) return null;
    const length = expectSuccess(result, 'recvmsg', { about: `on descriptor ${fd}` });
    return {
      bytes: Buffer.from(data.bytes.subarray(0, Math.min(length, longest))),
      from: Buffer.from(name.bytes.subarray(0, usedName(head))),
      ancillary: ancillaryIn(control.bytes.subarray(0, usedControl(head))),
      isCut: length > longest || (answeredFlags(head) & messageFlag.controlTruncated) !== 0,
    };
  });
}

/** Blocks of control, one behind the other. */
function ancillaryIn(bytes: Uint8Array): Ancillary[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Ancillary[] = [];
  for (let at = 0; at + controlHeader.size <= bytes.length; ) {
    const length = Number(view.getBigUint64(at + controlHeader.length, true));
    if (length < controlHeader.size || at + length > bytes.length) break;
    found.push({
      level: view.getInt32(at + controlHeader.level, true),
      type: view.getInt32(at + controlHeader.type, true),
      bytes: Uint8Array.from(bytes.subarray(at + controlHeader.size, at + length)),
    });
    at = nextControl(at + length);
  }
  return found;
}
