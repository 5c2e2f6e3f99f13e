import { arena } from '../arena.ts';
import { closeFd } from '../descriptors/own.ts';
import { errno, LinuxError } from '../errors.ts';
import { expectSuccess, syscall, trySyscall } from '../syscall.ts';

/** How large a ring of a packet socket is. packet(7), struct tpacket_req3 of linux/if_packet.h */
export interface PacketRing {
  /** Bytes of a block, a multiple of the page size. */
  readonly blockSize: number;
  readonly blocks: number;
  /** Bytes of a frame. */
  readonly frameSize: number;
  readonly frames: number;
  /** Only version 3 has these: milliseconds after which a block is handed over, private bytes of each block, and features. */
  readonly timeout: number;
  readonly privateSize: number;
  readonly features: number;
}

/** What a packet socket asks a device for. packet(7), PACKET_ADD_MEMBERSHIP */
export interface PacketMembership {
  /** Index of the device. */
  readonly device: number;
  /** PACKET_MR_*. */
  readonly type: number;
  readonly address: Uint8Array;
  /** How often it has asked. */
  readonly count: number;
}

/** A packet socket as sock_diag(7) shows it. */
export interface PacketSocket {
  readonly inode: number;
  /** SOCK_*. */
  readonly type: number;
  /** An Ethernet type, in the order of the machine; 0: it gets nothing. */
  readonly protocol: number;
  /** Index of the device that it is bound to; 0: it is bound to none, 2^32-1: that is gone. */
  readonly device: number;
  /** Of the frames in its rings, from 0. */
  readonly version: number;
  readonly reserve: number;
  readonly copyThreshold: number;
  readonly timestamps: number;
  /** Whether it has PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VNET_HDR and PACKET_LOSS. */
  readonly auxdata: boolean;
  readonly origdev: boolean;
  readonly vnetHeader: boolean;
  readonly loss: boolean;
  readonly memberships: readonly PacketMembership[];
  /** null: it has none. */
  readonly receiving: PacketRing | null;
  readonly sending: PacketRing | null;
  /** PACKET_FANOUT: the group with its way and its flags; null: it is in no group. */
  readonly fanout: number | null;
  /** Bytes of memory that what waits in its queue takes. */
  readonly waiting: number;
}

/** socket(2), netlink(7), sock_diag(7). */
const AF_PACKET = 17;
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST_DUMP = 0x301;
/** struct packet_diag_req and struct packet_diag_msg behind a netlink header, and what to show: linux/packet_diag.h */
const headerLength = 16;
const request = { family: 16, show: 24, length: 36 } as const;
const answer = { type: 1, protocol: 2, inode: 4, length: 16 } as const;
const show = 0x1 | 0x2 | 0x4 | 0x8 | 0x10;
const attribute = { info: 0, memberships: 1, receiving: 2, sending: 3, fanout: 4, memory: 6 } as const;
const infoFlag = { auxdata: 2, origdev: 4, vnetHeader: 8, loss: 0x10 } as const;
const membership = { device: 0, count: 4, type: 8, length: 10, address: 12, longest: 32, size: 44 } as const;
const bufferLength = 65_536;

/**
 * Every packet socket of this network namespace.
 * @throws LinuxError ENOENT where the kernel has no packet_diag
 */
export function packetSockets(): readonly PacketSocket[] {
  const fd = syscall('socket', AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_SOCK_DIAG);
  try {
    return arena.scope(() => {
      const question = arena.alloc(request.length);
      question.view.setUint32(0, request.length, true);
      question.view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
      question.view.setUint16(6, NLM_F_REQUEST_DUMP, true);
      question.view.setUint8(request.family, AF_PACKET);
      question.view.setUint32(request.show, show, true);
      expectSuccess(trySyscall('sendto', fd, question.address, question.length, 0, 0, 0), 'sock_diag');
      const buffer = arena.alloc(bufferLength);
      const found: PacketSocket[] = [];
      for (let more = true; more; ) {
        const length = expectSuccess(trySyscall('recvfrom', fd, buffer.address, buffer.length, 0, 0, 0), 'sock_diag');
        more = parsePacketDiag(buffer.bytes.subarray(0, length), found) && length > 0;
      }
      return found;
    });
  } finally {
    closeFd(fd);
  }
}

/** Adds the sockets of one netlink datagram to `found`; answers whether more datagrams follow. @throws LinuxError */
export function parsePacketDiag(bytes: Uint8Array, found: PacketSocket[]): boolean {
  const view = viewOf(bytes);
  for (let at = 0; at + headerLength <= bytes.length; ) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (type === NLMSG_DONE) return false;
    if (type === NLMSG_ERROR) throw new LinuxError('sock_diag', -view.getInt32(at + headerLength, true));
    if (length < headerLength + answer.length || at + length > bytes.length)
      throw new LinuxError('sock_diag', errno.EBADMSG, { about: `message of ${length} bytes at ${at}` });
    found.push(parseSocket(bytes.subarray(at + headerLength, at + length)));
    at += (length + 3) & ~3;
  }
  return true;
}

function parseSocket(bytes: Uint8Array): PacketSocket {
  const view = viewOf(bytes);
  const found = new Map<number, Uint8Array>();
  for (let at = answer.length; at + 4 <= bytes.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    found.set(view.getUint16(at + 2, true), bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  const [device = 0, version = 0, reserve = 0, copyThreshold = 0, timestamps = 0, flags = 0] = words(
    found.get(attribute.info),
  );
  return {
    inode: view.getUint32(answer.inode, true),
    type: view.getUint8(answer.type),
    protocol: view.getUint16(answer.protocol, true),
    ...{ device, version, reserve, copyThreshold, timestamps },
    auxdata: (flags & infoFlag.auxdata) !== 0,
    origdev: (flags & infoFlag.origdev) !== 0,
    vnetHeader: (flags & infoFlag.vnetHeader) !== 0,
    loss: (flags & infoFlag.loss) !== 0,
    memberships: memberships(found.get(attribute.memberships) ?? new Uint8Array()),
    receiving: ring(found.get(attribute.receiving)),
    sending: ring(found.get(attribute.sending)),
    fanout: words(found.get(attribute.fanout))[0] ?? null,
    waiting: words(found.get(attribute.memory))[0] ?? 0,
  };
}

function memberships(bytes: Uint8Array): PacketMembership[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / membership.size) }, (_, which) => {
    const at = which * membership.size;
    const length = Math.min(view.getUint16(at + membership.length, true), membership.longest);
    return {
      device: view.getUint32(at + membership.device, true),
      type: view.getUint16(at + membership.type, true),
      address: Uint8Array.from(bytes.subarray(at + membership.address, at + membership.address + length)),
      count: view.getUint32(at + membership.count, true),
    };
  });
}

function ring(bytes: Uint8Array | undefined): PacketRing | null {
  if (bytes === undefined) return null;
  const [blockSize = 0, blocks = 0, frameSize = 0, frames = 0, timeout = 0, privateSize = 0, features = 0] =
    words(bytes);
  return { blockSize, blocks, frameSize, frames, timeout, privateSize, features };
}

/** Numbers of 4 bytes, in the order of this machine. */
function words(bytes: Uint8Array | undefined): number[] {
  if (bytes === undefined) return [];
  const view = viewOf(bytes);
  return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(at * 4, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
