import type { Block } from '../arena.ts';

/** SOL_SOCKET of socket(7), and what comes along with a packet: unix(7), "Ancillary messages". */
export const socketLevel = 1;
export const passed = { rights: 1, credentials: 2 } as const;

/** Flags of send(2) and recv(2). */
export const messageFlag = {
  outOfBand: 0x1,
  peek: 0x2,
  controlTruncated: 0x8,
  truncated: 0x20,
  dontWait: 0x40,
  noSignal: 0x4000,
  closeOnExec: 0x4000_0000,
} as const;

/** struct msghdr on 64 bits, with the one vector that it leads to behind it. recvmsg(2) */
const header = {
  name: 0,
  nameLength: 8,
  vectors: 16,
  count: 24,
  control: 32,
  controlLength: 40,
  flags: 48,
  vector: 64,
} as const;
export const messageLength: number = header.vector + 16;
export const messageVector: number = header.vector;

/** struct cmsghdr on 64 bits, and where its content begins. cmsg(3) */
export const controlHeader = { length: 0, level: 8, type: 12, size: 16 } as const;

/** Has a message lead to its vector. */
export function initMessage({ view, address }: Block): void {
  view.setBigUint64(header.vectors, BigInt(address + header.vector), true);
  view.setBigUint64(header.count, 1n, true);
}

/** Where the name of whoever sends it is put, or that of whom it goes to stands. */
export function setName({ view }: Block, name: Block): void {
  view.setBigUint64(header.name, BigInt(name.address), true);
  view.setUint32(header.nameLength, name.length, true);
}

/** How much of the name's block a call has filled. */
export function usedName({ view }: Block): number {
  return view.getUint32(header.nameLength, true);
}

/** Says how much of the control block counts; nothing: 0. */
export function setControl({ view }: Block, control: Block, length: number): void {
  view.setBigUint64(header.control, length === 0 ? 0n : BigInt(control.address), true);
  view.setBigUint64(header.controlLength, BigInt(length), true);
  view.setInt32(header.flags, 0, true);
}

/** How much of the control block a call has filled. */
export function usedControl({ view }: Block): number {
  return Number(view.getBigUint64(header.controlLength, true));
}

/** The flags that a call has answered. */
export function answeredFlags({ view }: Block): number {
  return view.getInt32(header.flags, true);
}

/**
 * Begins a block of control at an offset. Answers its length.
 * @param content its bytes
 */
export function putControl({ view }: Block, type: number, content: number, at: number = 0): number {
  const length = controlHeader.size + content;
  view.setBigUint64(at + controlHeader.length, BigInt(length), true);
  view.setInt32(at + controlHeader.level, socketLevel, true);
  view.setInt32(at + controlHeader.type, type, true);
  return length;
}

/** Where the next block begins: CMSG_ALIGN of cmsg(3). */
export function nextControl(at: number): number {
  return (at + 7) & ~7;
}

/** Whether a block of control is one of these. */
function isControl({ view }: Block, type: number, at: number = 0): boolean {
  const [level, own] = [view.getInt32(at + controlHeader.level, true), view.getInt32(at + controlHeader.type, true)];
  return level === socketLevel && own === type;
}

/** The content of a block of this type among those that a call has filled; null: there is none. */
export function findControl(control: Block, used: number, type: number): DataView | null {
  for (let at = 0; at + controlHeader.size <= used; ) {
    const length = Number(control.view.getBigUint64(at + controlHeader.length, true));
    if (length < controlHeader.size) return null;
    const content = control.bytes.subarray(at + controlHeader.size, at + length);
    if (isControl(control, type, at)) return new DataView(content.buffer, content.byteOffset, content.length);
    at = nextControl(at + length);
  }
  return null;
}

/** The kernel passes at most this many descriptors with one packet: SCM_MAX_FD. Bytes of one, and of a block with all. */
const mostDescriptors = 253;
const numberLength = 4;
export const rightsLength: number = controlHeader.size + mostDescriptors * numberLength;

/** Puts descriptors into a block of control at an offset. Answers its length. */
export function putRights(control: Block, descriptors: readonly number[], at: number = 0): number {
  if (descriptors.length > mostDescriptors) throw new RangeError(`${descriptors.length} descriptors in one packet`);
  descriptors.forEach((fd, index) => {
    control.view.setInt32(at + controlHeader.size + index * numberLength, fd, true);
  });
  return putControl(control, passed.rights, descriptors.length * numberLength, at);
}

/** The descriptors among what a call has filled: the kernel joins all of a packet in one block. */
export function readRights(control: Block, used: number): number[] {
  const view = findControl(control, used, passed.rights);
  if (view === null) return [];
  return Array.from({ length: view.byteLength / numberLength }, (_, at) => view.getInt32(at * numberLength, true));
}
