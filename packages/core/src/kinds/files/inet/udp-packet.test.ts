import { expect, test } from 'vitest';
import { udpPacket } from './udp-packet.ts';

const four = (...bytes: number[]) => ({ bytes: Uint8Array.from(bytes), port: 0x1234 });
const loopback6 = { bytes: Uint8Array.from([...Array(15).fill(0), 1]), port: 9 };

/** The sum of RFC 1071 over words: that of a packet with its checksum is all ones. */
function sum(...parts: Uint8Array[]): number {
  let all = 0;
  for (const part of parts)
    for (let at = 0; at < part.length; at += 2) all += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  while (all > 0xffff) all = (all & 0xffff) + (all >>> 16);
  return all;
}

test('a packet of IPv4 has its header, its ports and a sum that is right', () => {
  const data = Buffer.from('odd');
  const packet = udpPacket({ protocol: 17, from: four(10, 0, 0, 1), to: four(127, 0, 0, 1), ttl: 7, tos: 16, data });
  expect(packet.toString('hex')).toMatch(/^4510001f000000000711....0a0000017f000001/);
  expect(packet.subarray(20, 26).toString('hex')).toBe('12341234000b');
  expect(packet.subarray(28)).toEqual(data);
  const pseudo = Buffer.from([10, 0, 0, 1, 127, 0, 0, 1, 0, 17, 0, 11]);
  expect(sum(pseudo, packet.subarray(20))).toBe(0xffff);
});

test('one of IPv6 too, with what is usual where nothing is said', () => {
  const packet = udpPacket({ protocol: 136, from: loopback6, to: loopback6, tos: 0x20, data: new Uint8Array() });
  expect(packet.toString('hex')).toMatch(/^6200000000088840(0{31}1){2}/);
  const pseudo = Buffer.concat([loopback6.bytes, loopback6.bytes, Buffer.from([0, 136, 0, 8])]);
  expect(sum(pseudo, packet.subarray(40))).toBe(0xffff);
  expect(packet).toHaveLength(48);
});
