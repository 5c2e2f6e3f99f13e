import { expect, test } from 'vitest';
import { packetOf, segmentFlag } from './segment.ts';

const v4 = { address: Uint8Array.of(192, 0, 2, 1), port: 80 };
const v6 = { address: Buffer.from('20010db8000000000000000000000001', 'hex'), port: 80 };
const numbers = {
  sequence: 0xffff_fff0,
  acknowledges: 7,
  flags: segmentFlag.acknowledge | segmentFlag.end,
  window: 64,
};

/** What a receiver computes of a segment and the addresses: 0xffff where it is whole. RFC 1071 */
function sum(bytes: Buffer): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) total += bytes.readUInt16BE(at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

test.each([
  { from: v4, to: { ...v4, port: 5000 }, header: 20 },
  { from: v6, to: { ...v6, port: 5000 }, header: 40 },
])('a segment over a header of $header bytes is what its receiver takes', ({ from, to, header }) => {
  const packet = packetOf({ from, to, ...numbers });
  expect(packet).toHaveLength(header + 20);
  const tcp = packet.subarray(header);
  expect([tcp.readUInt16BE(0), tcp.readUInt16BE(2)]).toEqual([80, 5000]);
  expect([tcp.readUInt32BE(4), tcp.readUInt32BE(8), tcp[12], tcp[13]]).toEqual([0xffff_fff0, 7, 0x50, 0x11]);
  const pseudo = Buffer.from([0, 0, 0, 20, 0, 0, 0, 6]);
  expect(sum(Buffer.concat([from.address, to.address, pseudo, tcp]))).toBe(0xffff);
});
