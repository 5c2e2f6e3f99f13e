import { arena, type Block } from '../arena.ts';
import { errno } from '../errors.ts';
import { setVector } from '../memory.ts';
import { expectSuccess, syscall, trySyscall } from '../syscall.ts';
import type { Credentials } from './credentials.ts';
import {
  answeredFlags,
  controlHeader,
  findControl,
  initMessage,
  messageFlag,
  messageLength,
  messageVector,
  nextControl,
  passed,
  putControl,
  putRights,
  readRights,
  rightsLength,
  setControl,
  setName,
  usedControl,
  usedName,
} from './message.ts';
import { addressCapacity, addressOf, nameOffset } from './names.ts';

/** struct ucred, unix(7), SCM_CREDENTIALS: where it has what, and its length. */
const credentialsAt = { pid: 0, uid: 4, gid: 8, length: 12 } as const;

/** Room for credentials and descriptors. */
const controlRoom: number = nextControl(controlHeader.size + credentialsAt.length) + nextControl(rightsLength);

const peekFlags: number = messageFlag.peek | messageFlag.dontWait | messageFlag.truncated | messageFlag.closeOnExec;

/** A part of what waits in a socket. */
export interface WaitingPart {
  readonly bytes: Buffer;
  /** Bytes of the same packet that follow; always 0 for streams. */
  readonly more: number;
  /** null: the socket does not ask for them. */
  readonly credentials: Credentials | null;
  /** The name of the datagram socket that sent it, as `UnixSocket` has its address; empty: it has none. */
  readonly from: Uint8Array;
  /** New descriptors of ours, close-on-exec, of the files that come with it. */
  readonly descriptors: readonly number[];
  /** What a security module says of the sender comes with it. */
  readonly hasMore: boolean;
}

/**
 * Looks at what waits in a unix socket, which stays there: as much as fits and has one sender, or the next part of a packet. Where
 * SO_PEEK_OFF of the socket is set, the kernel goes on behind it at the next call.
 * @param passes whether the socket has SO_PASSCRED
 * @returns null: nothing waits
 */
export function peekPart(fd: number, length: number, passes: boolean): WaitingPart | null {
  return arena.scope(() => {
    const data = arena.alloc(length);
    const { head, control } = messageOf(data, length, controlRoom);
    const name = arena.alloc(addressCapacity);
    setName(head, name);
    const result = trySyscall('recvmsg', fd, head.address, peekFlags);
    if (result === -errno.EAGAIN || result === -errno.EINVAL) return null;
    const whole = expectSuccess(result, 'recvmsg', { about: `on descriptor ${fd}` });
    const used = usedControl(head);
    return {
      bytes: Buffer.from(data.bytes.subarray(0, Math.min(whole, length))),
      more: Math.max(whole - length, 0),
      credentials: passes ? credentialsIn(findControl(control, used, passed.credentials)) : null,
      from: addressOf(name.bytes.subarray(nameOffset, Math.max(usedName(head), nameOffset))),
      descriptors: readRights(control, used),
      hasMore: (answeredFlags(head) & messageFlag.controlTruncated) !== 0,
    };
  });
}

/** Whether an urgent byte waits in a unix stream socket (MSG_OOB). */
export function hasUrgentByte(fd: number): boolean {
  return arena.scope(() => {
    const byte = arena.alloc(1);
    const flags = messageFlag.outOfBand | messageFlag.peek | messageFlag.dontWait;
    return trySyscall('recvfrom', fd, byte.address, 1, flags, 0, 0) === 1;
  });
}

/** What goes along with a packet. */
export interface Accompanied {
  /** Whose it is to be; another than ourselves needs CAP_SYS_ADMIN, CAP_SETUID or CAP_SETGID. null: our own. */
  readonly credentials?: Credentials | null;
  /** Descriptors of files that whoever receives it gets. */
  readonly descriptors?: readonly number[];
}

/**
 * Sends one packet, or a piece of a stream, without waiting.
 * @returns how much was sent
 * @throws LinuxError EAGAIN when the queue is full, EPERM without the right, ESRCH for a process that is not there
 */
export function sendPart(fd: number, bytes: Uint8Array, along: Accompanied = {}): number {
  const { credentials = null, descriptors = [] } = along;
  return arena.scope(() => {
    const data = arena.alloc(bytes.length);
    data.bytes.set(bytes);
    const { head, control } = messageOf(data, bytes.length, controlRoom);
    let end = 0;
    if (credentials !== null) end = nextControl(putCredentials(control, credentials));
    if (descriptors.length > 0) end += nextControl(putRights(control, descriptors, end));
    setControl(head, control, end);
    return syscall('sendmsg', fd, head.address, messageFlag.dontWait | messageFlag.noSignal);
  });
}

function messageOf(data: Block, length: number, room: number): { readonly head: Block; readonly control: Block } {
  const head = arena.alloc(messageLength);
  const control = arena.alloc(controlRoom);
  initMessage(head);
  setVector(head, messageVector, data.address, length);
  setControl(head, control, room);
  return { head, control };
}

function credentialsIn(view: DataView | null): Credentials | null {
  if (view === null) return null;
  return {
    pid: view.getInt32(credentialsAt.pid, true),
    uid: view.getUint32(credentialsAt.uid, true),
    gid: view.getUint32(credentialsAt.gid, true),
  };
}

function putCredentials(control: Block, { pid, uid, gid }: Credentials): number {
  const { view } = control;
  view.setInt32(controlHeader.size + credentialsAt.pid, pid, true);
  view.setUint32(controlHeader.size + credentialsAt.uid, uid, true);
  view.setUint32(controlHeader.size + credentialsAt.gid, gid, true);
  return putControl(control, passed.credentials, credentialsAt.length);
}
