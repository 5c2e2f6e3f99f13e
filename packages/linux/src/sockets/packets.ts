import { arena, type Block } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { setVector } from '../memory.ts';
import { native } from '../native.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';

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
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_TRUNC = 0x20;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SO_PEERCRED = 17;

/** struct sockaddr_un, unix(7): the family, then 108 bytes of path. */
const addressLength = 110;
const longestPath = 107;
/** struct msghdr and struct cmsghdr on 64 bits, recvmsg(2) and cmsg(3). */
const flagsOffset = 48;
const vectorOffset = 64;
const controlHeader = 16;
/** Bytes of the longest packet that is sent or taken here. */
const longestPacket = 65_536;
/** The kernel passes at most this many descriptors with one packet (SCM_MAX_FD). */
const mostDescriptors = 253;
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
      const address = arena.alloc(addressLength);
      address.view.setUint16(0, AF_UNIX, true);
      address.bytes.write(path, 2);
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
  setVector(message, vectorOffset, data.address, bytes.length);
  setControl(message, control, descriptors.length === 0 ? 0 : putRights(control, descriptors));
  const result = trySyscall('sendmsg', fd, message.address, MSG_NOSIGNAL | MSG_DONTWAIT);
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
  setVector(message, vectorOffset, data.address, Math.min(longest, longestPacket));
  setControl(message, control, control.length);
  const result = trySyscall('recvmsg', fd, message.address, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (result === -errno.EAGAIN) return { kind: 'empty' };
  if (result === -errno.ECONNRESET) return { kind: 'end' };
  const length = expectSuccess(result, 'recvmsg', { about: `on descriptor ${fd}` });
  const descriptors = readRights(message, control);
  if (message.view.getInt32(flagsOffset, true) & (MSG_TRUNC | MSG_CTRUNC)) {
    descriptors.forEach(closeFd);
    throw new LinuxError('recvmsg', errno.EMSGSIZE, { about: `on descriptor ${fd}` });
  }
  if (length === 0 && descriptors.length === 0) return { kind: 'end' };
  return { kind: 'packet', bytes: Buffer.from(data.bytes.subarray(0, length)), descriptors };
}

/** Who made the other end, as it was then: SO_PEERCRED in unix(7). A pid of 0 is one of another pid namespace. */
export function peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number } {
  return arena.scope(() => {
    const value = arena.alloc(12);
    const length = arena.alloc(4);
    length.view.setUint32(0, value.length, true);
    const result = trySyscall('getsockopt', fd, SOL_SOCKET, SO_PEERCRED, value.address, length.address);
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
  const message = reserve(vectorOffset + 16);
  const control = reserve(controlHeader + mostDescriptors * 4);
  message.view.setBigUint64(16, BigInt(message.address + vectorOffset), true);
  message.view.setBigUint64(24, 1n, true);
  ownRoom = { data, message, control };
  return ownRoom;
}

/** Not from the arena: a scope around the first call would end before the memory's use does. */
function reserve(length: number): Block {
  const buffer = new ArrayBuffer(length);
  const address = Number(native().koffi.address(buffer));
  return { address, length, bytes: Buffer.from(buffer), view: new DataView(buffer) };
}

/** Says how much of the control block counts; nothing: 0. */
function setControl({ view }: Block, control: Block, length: number): void {
  view.setBigUint64(32, length === 0 ? 0n : BigInt(control.address), true);
  view.setBigUint64(40, BigInt(length), true);
  view.setInt32(flagsOffset, 0, true);
}

/** struct cmsghdr with descriptors. Answers its length. */
function putRights({ view }: Block, descriptors: readonly number[]): number {
  if (descriptors.length > mostDescriptors) throw new RangeError(`${descriptors.length} descriptors in one packet`);
  const length = controlHeader + descriptors.length * 4;
  view.setBigUint64(0, BigInt(length), true);
  view.setInt32(8, SOL_SOCKET, true);
  view.setInt32(12, SCM_RIGHTS, true);
  descriptors.forEach((fd, index) => void view.setInt32(controlHeader + index * 4, fd, true));
  return length;
}

/** The kernel joins all descriptors of a packet in one block. */
function readRights(message: Block, { view }: Block): number[] {
  const used = Number(message.view.getBigUint64(40, true));
  if (used < controlHeader) return [];
  if (view.getInt32(8, true) !== SOL_SOCKET || view.getInt32(12, true) !== SCM_RIGHTS) return [];
  const count = (Number(view.getBigUint64(0, true)) - controlHeader) >> 2;
  return Array.from({ length: count }, (_, index) => view.getInt32(controlHeader + index * 4, true));
}
