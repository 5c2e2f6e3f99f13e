import { arena, type Block } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { setVector } from '../memory.ts';
import { native } from '../native.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';
import type { Credentials } from './credentials.ts';
import {
  answeredFlags,
  initMessage,
  messageFlag,
  messageLength,
  messageVector,
  putRights,
  readRights,
  rightsLength,
  setControl,
  socketLevel,
  usedControl,
} from './message.ts';
import { socketAddress } from './names.ts';

/** What one read of a packet socket found. */
export type Packet =
  | { readonly kind: 'packet'; readonly bytes: Buffer; readonly descriptors: readonly number[] }
  /** Nothing is there now. */
  | { readonly kind: 'empty' }
  /** The other end is closed. */
  | { readonly kind: 'end' };

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SO_PEERCRED = 17;

/** The longest path of a unix socket, in bytes, with room for the zero byte behind it. unix(7) */
const longestPath = 107;
/** Bytes of the longest packet that is sent or taken here. */
const longestPacket = 65_536;
const backlog = 512;

/** Two connected packet sockets, socketpair(2), both close-on-exec. */
export function packetPair(): { readonly ours: number; readonly theirs: number } {
  return arena.scope(() => {
    const pair = arena.alloc(8);
    expectSuccess(trySyscall('socketpair', AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.address), 'socketpair');
    return { ours: pair.view.getInt32(0, true), theirs: pair.view.getInt32(4, true) };
  });
}

/**
 * A packet socket that listens at a path, and does not block.
 * @throws LinuxError ENAMETOOLONG for a path of more than 107 bytes, and what bind(2) refuses
 */
export function listenPackets(path: string): number {
  const about = `at ${path}`;
  if (Buffer.byteLength(path) > longestPath) throw new LinuxError('bind', errno.ENAMETOOLONG, { about });
  const fd = expectSuccess(trySyscall('socket', AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket', {
    about,
  });
  try {
    arena.scope(() => {
      const name = socketAddress(Buffer.from(path));
      const address = arena.alloc(name.length);
      address.bytes.set(name);
      expectSuccess(trySyscall('bind', fd, address.address, address.length), 'bind', { about });
    });
    expectSuccess(trySyscall('listen', fd, backlog), 'listen', { about });
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/** The next connection of a listening socket; null when nobody waits. */
export function acceptPackets(listener: number): number | null {
  const fd = trySyscall('accept4', listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd === -errno.EAGAIN || fd === -errno.ECONNABORTED) return null;
  return expectSuccess(fd, 'accept4');
}

/**
 * Sends one packet, and descriptors with it: the other end gets numbers of its own for them, sendmsg(2). Never waits, and
 * raises no SIGPIPE.
 * @returns false when the other end's queue is full
 * @throws LinuxError EPIPE, ECONNRESET when nobody is there
 */
export function sendPacket(fd: number, bytes: Uint8Array, descriptors: readonly number[] = []): boolean {
  const { data, message, control } = room();
  if (bytes.length > longestPacket) throw new LinuxError('sendmsg', errno.EMSGSIZE, { about: `on descriptor ${fd}` });
  data.bytes.set(bytes);
  setVector(message, messageVector, data.address, bytes.length);
  setControl(message, control, descriptors.length === 0 ? 0 : putRights(control, descriptors));
  const result = trySyscall('sendmsg', fd, message.address, messageFlag.noSignal | messageFlag.dontWait);
  if (result === -errno.EAGAIN) return false;
  return expectSuccess(result, 'sendmsg', { about: `on descriptor ${fd}` }) === bytes.length;
}

/**
 * Takes the next packet, with what descriptors came along: they are the caller's, close-on-exec. Never waits.
 * @throws LinuxError EMSGSIZE for a packet of more than `longest` bytes or more descriptors than a packet may have; none of
 *   its descriptors is left open
 */
export function receivePacket(fd: number, longest: number = longestPacket): Packet {
  const { data, message, control } = room();
  setVector(message, messageVector, data.address, Math.min(longest, longestPacket));
  setControl(message, control, control.length);
  const result = trySyscall('recvmsg', fd, message.address, messageFlag.dontWait | messageFlag.closeOnExec);
  if (result === -errno.EAGAIN) return { kind: 'empty' };
  if (result === -errno.ECONNRESET) return { kind: 'end' };
  const length = expectSuccess(result, 'recvmsg', { about: `on descriptor ${fd}` });
  const descriptors = readRights(control, usedControl(message));
  if (answeredFlags(message) & (messageFlag.truncated | messageFlag.controlTruncated)) {
    descriptors.forEach(closeFd);
    throw new LinuxError('recvmsg', errno.EMSGSIZE, { about: `on descriptor ${fd}` });
  }
  if (length === 0 && descriptors.length === 0) return { kind: 'end' };
  return { kind: 'packet', bytes: Buffer.from(data.bytes.subarray(0, length)), descriptors };
}

/** Who made the other end, as it was then: SO_PEERCRED in unix(7). A pid of 0 is one of another pid namespace. */
export function peerCredentials(fd: number): Credentials {
  return arena.scope(() => {
    const value = arena.alloc(12);
    const length = arena.alloc(4);
    length.view.setUint32(0, value.length, true);
    const result = trySyscall('getsockopt', fd, socketLevel, SO_PEERCRED, value.address, length.address);
    expectSuccess(result, 'getsockopt', { about: `of descriptor ${fd}` });
    const { view } = value;
    return { pid: view.getInt32(0, true), uid: view.getUint32(4, true), gid: view.getUint32(8, true) };
  });
}

/** Memory for one packet: a call fills what it uses, and nothing of it outlives the call. */
interface Room {
  readonly data: Block;
  /** struct msghdr, and the one vector that it leads to. */
  readonly message: Block;
  readonly control: Block;
}

let ownRoom: Room | undefined;

function room(): Room {
  if (ownRoom !== undefined) return ownRoom;
  const data = reserve(longestPacket);
  const message = reserve(messageLength);
  const control = reserve(rightsLength);
  initMessage(message);
  ownRoom = { data, message, control };
  return ownRoom;
}

/** Not from the arena: a scope around the first call would end before the memory's use does. */
function reserve(length: number): Block {
  const buffer = new ArrayBuffer(length);
  const address = Number(native().koffi.address(buffer));
  return { address, length, bytes: Buffer.from(buffer), view: new DataView(buffer) };
}
