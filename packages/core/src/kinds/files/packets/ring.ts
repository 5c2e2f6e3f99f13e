import { type PacketRing, type PacketSocket, readMemory, syscall, writeMemory } from '@criujs/linux';
import { mapFlag, pageSize, protection } from '../../../facts/memory.ts';
import { frameLayouts, packetLevel, packetOption, ringRequest, ringVersions } from '../../../facts/packet.ts';
import { writeOptionBytes } from '../sockets.ts';

/** Both rings of a packet socket: they are mapped at once, the one of received packets first. packet(7), mmap.rst of the kernel */
export type PacketRings = Pick<PacketSocket, 'version' | 'receiving' | 'sending'>;

/** The rings' memory, mapped into ours. */
export interface PacketMemory {
  /** A copy of a part of it. */
  read(from: number, length: number): Buffer;
  write(from: number, bytes: Uint8Array): void;
  unmap(): void;
}

/** Bytes of a ring. */
export function bytesOfRing(ring: PacketRing | null): number {
  return ring === null ? 0 : ring.blockSize * ring.blocks;
}

/** Maps both rings. @throws LinuxError */
export function mapPacketRings(fd: number, { receiving, sending }: PacketRings): PacketMemory {
  const length = bytesOfRing(receiving) + bytesOfRing(sending);
  const at = syscall('mmap', 0, length, protection.read | protection.write, mapFlag.shared, fd, 0);
  return {
    read: (from, count) => readMemory(process.pid, at + from, count),
    write: (from, bytes) => writeMemory(process.pid, at + from, bytes),
    unmap: () => void syscall('munmap', at, length),
  };
}

/** Whether the kernel can have made such a ring: what is read of it lies inside, and nothing is divided by zero. */
export function isPossibleRing({ blockSize, blocks, frameSize, frames }: PacketRing, version: number): boolean {
  const least = version === ringVersions.blocks ? 0 : frameLayouts[0].size;
  return (
    blockSize >= pageSize &&
    blockSize % pageSize === 0 &&
    blocks >= 1 &&
    blockSize * blocks <= mostBytes &&
    frameSize >= Math.max(least, 1) &&
    frameSize <= blockSize &&
    frames === Math.floor(blockSize / frameSize) * blocks
  );
}

/** The kernel counts them in 32 bits. */
const mostBytes = 2 ** 32;

/** Where a frame of a ring begins: none lies in two blocks. */
export function frameAt({ blockSize, frameSize }: PacketRing, which: number): number {
  const perBlock = Math.floor(blockSize / frameSize);
  return Math.floor(which / perBlock) * blockSize + (which % perBlock) * frameSize;
}

/** Gives a new socket a ring; whether it worked. */
export function makeRing(fd: number, option: 'RX_RING' | 'TX_RING', ring: PacketRing, version: number): boolean {
  const { blockSize, blocks, frameSize, frames, timeout, privateSize, features } = ring;
  const numbers = [blockSize, blocks, frameSize, frames, timeout, privateSize, features];
  const count = version === ringVersions.blocks ? ringRequest.long : ringRequest.short;
  const bytes = Buffer.alloc(count * 4);
  numbers.slice(0, count).forEach((value, at) => void bytes.writeUInt32LE(value, at * 4));
  return writeOptionBytes(fd, packetOption[option], bytes, packetLevel);
}
