import { arena, closeFd, type FlowEnd, syscall } from '@criujs/linux';
import { passMark } from '../../../facts/tcp.ts';
import { socketLevel } from '../sockets.ts';
import { setOption } from './options.ts';

/** Flags of a TCP header. RFC 9293, 3.1 */
export const segmentFlag = { end: 0x01, reset: 0x04, acknowledge: 0x10 } as const;

/** A segment without data that a peer might have sent. */
export interface Segment {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly sequence: number;
  readonly acknowledges: number;
  readonly flags: number;
  /** As its header has it: scaled. */
  readonly window: number;
}

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_RAW = 255;
const IPPROTO_TCP = 6;
const SO_MARK = 36;
const hopLimit = 64;
const tcpLength = 20;
const ipv4Length = 20;
const ipv6Length = 40;
const sockaddrLength = { ipv4: 16, ipv6: 28 } as const;

/**
 * Gives a connection of this machine a segment as if its peer had sent it. It has the mark with which packets pass a block of the network.
 * @throws LinuxError EPERM without CAP_NET_RAW
 */
export function giveSegment(segment: Segment): void {
  const is6 = segment.to.address.length === 16;
  const fd = syscall('socket', is6 ? AF_INET6 : AF_INET, SOCK_RAW_CLOEXEC, IPPROTO_RAW);
  try {
    setOption(fd, socketLevel, SO_MARK, passMark);
    arena.scope(() => {
      const bytes = packetOf(segment);
      const packet = arena.alloc(bytes.length);
      packet.bytes.set(bytes);
      const to = arena.alloc(is6 ? sockaddrLength.ipv6 : sockaddrLength.ipv4);
      to.view.setUint16(0, is6 ? AF_INET6 : AF_INET, true);
      to.bytes.set(segment.to.address, is6 ? 8 : 4);
      syscall('sendto', fd, packet.address, packet.length, 0, to.address, to.length);
    });
  } finally {
    closeFd(fd);
  }
}

/** The whole packet, with its IP header: the kernel fills in what is zero there. raw(7), RFC 791, 8200 */
export function packetOf(segment: Segment): Buffer {
  const tcp = tcpHeader(segment);
  const { from, to } = segment;
  if (to.address.length === 16) {
    const header = Buffer.alloc(ipv6Length);
    header.writeUInt8(0x60, 0);
    header.writeUInt16BE(tcp.length, 4);
    header.writeUInt8(IPPROTO_TCP, 6);
    header.writeUInt8(hopLimit, 7);
    header.set(from.address, 8);
    header.set(to.address, 24);
    return Buffer.concat([header, tcp]);
  }
  const header = Buffer.alloc(ipv4Length);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(ipv4Length + tcp.length, 2);
  header.writeUInt8(hopLimit, 8);
  header.writeUInt8(IPPROTO_TCP, 9);
  header.set(from.address, 12);
  header.set(to.address, 16);
  return Buffer.concat([header, tcp]);
}

/** RFC 9293, 3.1, with its checksum over the addresses too. */
function tcpHeader({ from, to, sequence, acknowledges, flags, window }: Segment): Buffer {
  const header = Buffer.alloc(tcpLength);
  header.writeUInt16BE(from.port, 0);
  header.writeUInt16BE(to.port, 2);
  header.writeUInt32BE(sequence, 4);
  header.writeUInt32BE(acknowledges, 8);
  header.writeUInt8((tcpLength / 4) << 4, 12);
  header.writeUInt8(flags, 13);
  header.writeUInt16BE(window, 14);
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(tcpLength, 0);
  pseudo.writeUInt8(IPPROTO_TCP, 7);
  header.writeUInt16BE(checksum(Buffer.concat([from.address, to.address, pseudo, header])), 16);
  return header;
}

/** The Internet checksum. RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
