import { expect, test } from 'vitest';
import { attribute, message } from '../../test/netlink-bytes.ts';
import { LinuxError } from '../errors.ts';
import { parseUnixDiag, type UnixSocket } from './diag.ts';

function socket(type: number, state: number, inode: number, ...attributes: Buffer[]): Buffer {
  const head = Buffer.alloc(16);
  head.set([1, type, state], 0);
  head.writeUInt32LE(inode, 4);
  return message(20, Buffer.concat([head, ...attributes]));
}

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const plain = { file: null, pending: [], backlog: 0 };

test('reads sockets with their names and peers', () => {
  const peer = Buffer.from([0x39, 0x30, 0, 0]);
  const found: UnixSocket[] = [];
  const datagram = Buffer.concat([
    socket(
      ...([1, 10, 1000, attribute(0, Buffer.from('/run/a.sock\0'))] as const),
      attribute(1, Buffer.from([7, 0, 0, 0, 1, 0, 0x80, 0])),
      attribute(3, Buffer.from([5, 0, 0, 0, 6, 0, 0, 0])),
      attribute(4, Buffer.from([2, 0, 0, 0, 128, 0, 0, 0])),
    ),
    socket(2, 7, 1001, attribute(5, Buffer.alloc(8)), attribute(0, Buffer.from('\0abstract'))),
    socket(1, 1, 1002, attribute(2, peer), attribute(6, Buffer.from([2]))),
  ]);
  expect(parseUnixDiag(datagram, found)).toBe(true);
  expect(found).toEqual([
    {
      ...{ type: 1, state: 10, inode: 1000, peer: 0, name: '/run/a.sock', shut: 0, address: bytes('/run/a.sock') },
      ...{ file: { major: 8, minor: 1, inode: 7 }, pending: [5, 6], backlog: 128 },
    },
    { ...plain, type: 2, state: 7, inode: 1001, peer: 0, name: '\0abstract', shut: 0, address: bytes('\0abstract') },
    { ...plain, type: 1, state: 1, inode: 1002, peer: 12345, name: null, shut: 2, address: bytes('') },
  ]);
});

test('ends at the end, and says what went wrong', () => {
  expect(parseUnixDiag(message(3, Buffer.alloc(4)), [])).toBe(false);
  const refused = Buffer.alloc(4);
  refused.writeInt32LE(-1);
  expect(() => parseUnixDiag(message(2, refused), [])).toThrowError(LinuxError);
  expect(() => parseUnixDiag(message(20, Buffer.alloc(2)), [])).toThrowError(/EBADMSG/);
});
