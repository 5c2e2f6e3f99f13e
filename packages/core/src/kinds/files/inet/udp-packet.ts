import { ipv4Header, ipv6Header, udpHeader, usualTtl } from '../../../facts/inet-packets.ts';
import type { InetAddress } from './address.ts';

/** A datagram that is sent once more. Both addresses are of one family. */
export interface Datagram {
  readonly protocol: number;
  readonly from: Pick<InetAddress, 'bytes' | 'port'>;
  readonly to: Pick<InetAddress, 'bytes' | 'port'>;
  readonly ttl?: number | null;
  readonly tos?: number | null;
  readonly data: Uint8Array;
}

/** The whole packet of a datagram, for a raw socket that takes headers (IPPROTO_RAW). raw(7) */
export function udpPacket({ protocol, from, to, ttl, tos, data }: Datagram): Buffer {
  const is6 = to.bytes.length === 16;
  const head = is6 ? ipv6Header.size : ipv4Header.size;
  const length = udpHeader.size + data.length;
  const packet = Buffer.alloc(head + length);
  if (is6) {
    packet.writeUInt32BE((6 << 28) | ((tos ?? 0) << 20), ipv6Header.version);
    packet.writeUInt16BE(length, ipv6Header.length);
    packet.writeUInt8(protocol, ipv6Header.next);
    packet.writeUInt8(ttl ?? usualTtl, ipv6Header.hops);
    packet.set(from.bytes, ipv6Header.source);
    packet.set(to.bytes, ipv6Header.destination);
  } else {
    packet.writeUInt8(0x45, ipv4Header.version);
    packet.writeUInt8(tos ?? 0, ipv4Header.tos);
    // The kernel fills in the sum, and the number of the packet.
    packet.writeUInt16BE(packet.length, ipv4Header.length);
    packet.writeUInt8(ttl ?? usualTtl, ipv4Header.ttl);
    packet.writeUInt8(protocol, ipv4Header.protocol);
    packet.set(from.bytes, ipv4Header.source);
    packet.set(to.bytes, ipv4Header.destination);
  }
  const body = packet.subarray(head);
  body.writeUInt16BE(from.port, udpHeader.source);
  body.writeUInt16BE(to.port, udpHeader.destination);
  body.writeUInt16BE(length, udpHeader.length);
  body.set(data, udpHeader.size);
  body.writeUInt16BE(checksum([from.bytes, to.bytes, pseudo(protocol, length), body]), udpHeader.checksum);
  return packet;
}

/** What the checksum covers beside addresses and content: RFC 768, and RFC 8200 section 8.1, where the sum is the same. */
function pseudo(protocol: number, length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(protocol, 0);
  bytes.writeUInt16BE(length, 2);
  return bytes;
}

/** The sum of RFC 1071; a sum of 0 would say that there is none. */
function checksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) + (part[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}
