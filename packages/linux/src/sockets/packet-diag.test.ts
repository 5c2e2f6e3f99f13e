import { expect, test } from 'vitest';
import { attribute, message } from '../../test/netlink-bytes.ts';
import { LinuxError } from '../errors.ts';
import { type PacketSocket, packetAnswers } from './packet-diag.ts';
import { parseSockets } from './sock-diag.ts';

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, at) => void bytes.writeUInt32LE(value, at * 4));
  return bytes;
}

function socket(inode: number, protocol: number, ...attributes: Buffer[]): Buffer {
  const head = Buffer.alloc(16);
  head.set([17, 3]);
  head.writeUInt16LE(protocol, 2);
  head.writeUInt32LE(inode, 4);
  return message(20, Buffer.concat([head, ...attributes]));
}

test('reads what is told of packet sockets', () => {
  const asked = Buffer.alloc(44);
  asked.set(numbers(1, 2), 0);
  asked.writeUInt16LE(0, 8);
  asked.writeUInt16LE(6, 10);
  asked.set([1, 0, 94, 0, 0, 9], 12);
  const found: PacketSocket[] = [];
  const datagram = Buffer.concat([
    socket(
      ...([7, 0x88b5] as const),
      attribute(0, numbers(4, 1, 8, 9, 3, 1 | 2 | 8)),
      attribute(1, asked),
      attribute(2, numbers(4096, 2, 1024, 8, 0, 0, 0)),
      attribute(4, numbers(0x1000d)),
      attribute(6, numbers(640, 0, 0)),
    ),
    socket(8, 0, attribute(0, numbers(0, 0, 0, 0, 0, 4 | 16)), attribute(3, numbers(1, 2, 3, 4, 5, 6, 7))),
  ]);
  expect(parseSockets(datagram, packetAnswers, found)).toBe(true);
  const none = { device: 0, version: 0, reserve: 0, copyThreshold: 0, timestamps: 0 };
  expect(found).toEqual([
    {
      ...{ inode: 7, type: 3, protocol: 0x88b5, device: 4, version: 1, reserve: 8, copyThreshold: 9, timestamps: 3 },
      ...{ auxdata: true, origdev: false, vnetHeader: true, loss: false, sending: null, fanout: 0x1000d, waiting: 640 },
      memberships: [{ device: 1, type: 0, address: Uint8Array.of(1, 0, 94, 0, 0, 9), count: 2 }],
      receiving: { blockSize: 4096, blocks: 2, frameSize: 1024, frames: 8, timeout: 0, privateSize: 0, features: 0 },
    },
    {
      ...{ inode: 8, type: 3, protocol: 0, ...none, auxdata: false, origdev: true, vnetHeader: false, loss: true },
      ...{ memberships: [], receiving: null, fanout: null, waiting: 0 },
      sending: { blockSize: 1, blocks: 2, frameSize: 3, frames: 4, timeout: 5, privateSize: 6, features: 7 },
    },
  ]);
});

test('ends at the end, and says what went wrong', () => {
  expect(parseSockets(message(3, Buffer.alloc(4)), packetAnswers, [])).toBe(false);
  const refused = Buffer.alloc(4);
  refused.writeInt32LE(-2);
  expect(() => parseSockets(message(2, refused), packetAnswers, [])).toThrowError(LinuxError);
  expect(() => parseSockets(message(20, Buffer.alloc(2)), packetAnswers, [])).toThrowError(/EBADMSG/);
});
