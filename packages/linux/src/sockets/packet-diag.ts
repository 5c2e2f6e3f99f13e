import { askForSockets, type DiagQuestion, diagAttributes } from './sock-diag.ts';

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

const AF_PACKET = 17;
/** struct packet_diag_req and struct packet_diag_msg, and what to show: linux/packet_diag.h */
const request = { family: 0, show: 8, length: 20 } as const;
const answer = { type: 1, protocol: 2, inode: 4, length: 16 } as const;
const show = 0x1 | 0x2 | 0x4 | 0x8 | 0x10;
const attribute = { info: 0, memberships: 1, receiving: 2, sending: 3, fanout: 4, memory: 6 } as const;
const infoFlag = { auxdata: 2, origdev: 4, vnetHeader: 8, loss: 0x10 } as const;
const membership = { device: 0, count: 4, type: 8, length: 10, address: 12, longest: 32, size: 44 } as const;

/**
 * Every packet socket of this network namespace.
 * @throws LinuxError ENOENT where the kernel has no packet_diag
 */
export function packetSockets(): readonly PacketSocket[] {
  const asked = Buffer.alloc(request.length);
  asked.writeUInt8(AF_PACKET, request.family);
  asked.writeUInt32LE(show, request.show);
  return askForSockets({ request: asked, ...packetAnswers, key: ({ inode }) => inode });
}

/** How its answers are read. */
export const packetAnswers: Pick<DiagQuestion<PacketSocket>, 'answerLength' | 'parse'> = {
  answerLength: answer.length,
  parse: parseSocket,
};

function parseSocket(bytes: Uint8Array): PacketSocket {
  const view = viewOf(bytes);
  const found = diagAttributes(bytes, answer.length);
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
