import { expect, test } from 'vitest';
import { LinuxError } from '../errors.ts';
import { type InetDiagSocket, inetQuestion } from './inet-diag.ts';
import { parseSockets } from './sock-diag.ts';

function message(type: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + body.length, 0);
  header.writeUInt16LE(type, 4);
  return Buffer.concat([header, body]);
}

function answer(family: number): Buffer {
  const body = Buffer.alloc(72 + 8);
  body.set([family, 10], 0);
  body.writeUInt16BE(80, 4);
  body.set([127, 0, 0, 1], 8);
  body.writeUInt32LE(3, 40);
  body.writeUInt32LE(2, 56);
  body.writeUInt32LE(128, 60);
  body.writeUInt32LE(1000, 64);
  body.writeUInt32LE(4711, 68);
  body.set([5, 0, 8, 0, 2], 72);
  return message(20, body);
}

test('reads internet sockets, with the halves that are shut', () => {
  const found: InetDiagSocket[] = [];
  expect(parseSockets(answer(2), inetQuestion(2, 6), found)).toBe(true);
  expect(found).toEqual([
    {
      ...{ state: 10, sourcePort: 80, destinationPort: 0, device: 3, receiveQueue: 2, sendQueue: 128 },
      ...{ uid: 1000, inode: 4711, shut: 2, signs: false },
      source: Uint8Array.from([127, 0, 0, 1]),
      destination: new Uint8Array(4),
    },
  ]);
  const six: InetDiagSocket[] = [];
  parseSockets(answer(10), inetQuestion(10, 6), six);
  expect(six[0]?.source).toHaveLength(16);
});

test('a question names the states that are wanted', () => {
  const states = (request: Uint8Array): number => new DataView(request.buffer, request.byteOffset).getUint32(4, true);
  expect(states(inetQuestion(2, 6, [10]).request)).toBe(1 << 10);
  expect(states(inetQuestion(2, 6).request)).toBe(0xffffffff);
});

test('a list that the kernel does not have is an error, also where it says so at the end only', () => {
  const none = Buffer.alloc(4);
  none.writeInt32LE(-2);
  const { answerLength, parse } = inetQuestion(2, 255);
  for (const type of [2, 3])
    expect(() => parseSockets(message(type, none), { answerLength, parse }, [])).toThrowError(LinuxError);
  expect(parseSockets(message(3, Buffer.alloc(4)), { answerLength, parse }, [])).toBe(false);
  expect(parseSockets(message(3, Buffer.alloc(0)), { answerLength, parse }, [])).toBe(false);
});
