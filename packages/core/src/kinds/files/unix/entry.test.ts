import { create, FdTypes, FileEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import type { FileEntry } from '../opening.ts';
import { checkSockets, socketState } from './entry.ts';

const fown = { uid: 0, euid: 0, signum: 0, pidType: 0, pid: 0 };
const opts = { soSndbuf: 0, soRcvbuf: 0, soSndTmoSec: 0n, soSndTmoUsec: 0n, soRcvTmoSec: 0n, soRcvTmoUsec: 0n };

interface Said {
  readonly ino: number;
  readonly peer?: number;
  readonly type?: number;
  readonly state?: number;
  readonly name?: string;
}

const entry = ({ ino, peer = 0, type = 1, state = socketState.connected, name = '' }: Said): FileEntry => {
  const usk = { id: ino, ino, peer, type, state, name: Buffer.from(name), flags: 2, uflags: 0, backlog: 0, fown, opts };
  return create(FileEntrySchema, { type: FdTypes.UNIXSK, id: ino, usk }) as FileEntry;
};

test('pairs, names, who listens, who waits, and those whose other end is closed or never was are taken', () => {
  const all = [
    entry({ ino: 1, peer: 2 }),
    entry({ ino: 2, peer: 1 }),
    entry({ ino: 3 }),
    entry({ ino: 4, state: socketState.unconnected, type: 2 }),
    entry({ ino: 5, state: socketState.listening, name: '/run/hub\0' }),
    entry({ ino: 6, peer: 5 }),
    entry({ ino: 7, type: 2, name: '\0box' }),
    entry({ ino: 8, peer: 7, type: 2 }),
  ];
  expect([...checkSockets(all).keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test.each<[string, readonly Said[], string, RegExp]>([
  ['a peer that is not there', [{ ino: 1, peer: 9 }], 'IMAGE_INVALID', /connected to 9, which is not there/],
  ['a peer that leads elsewhere', [{ ino: 1, peer: 2 }, { ino: 2 }], 'IMAGE_INVALID', /1 and 2 cannot be connected/],
  ['itself as its peer', [{ ino: 1, peer: 1 }], 'IMAGE_INVALID', /1 and 1 cannot be connected/],
  [
    'a peer of another type',
    [
      { ino: 1, peer: 2 },
      { ino: 2, peer: 1, type: 2 },
    ],
    'IMAGE_INVALID',
    /cannot be connected/,
  ],
  ['the inode of another', [{ ino: 1 }, { ino: 1 }], 'IMAGE_INVALID', /1 is there twice/],
  ['a type that there is not', [{ ino: 1, type: 3 }], 'IMAGE_INVALID', /type of a unix socket is 3/],
  ['a name that is too long', [{ ino: 1, name: 'x'.repeat(110) }], 'IMAGE_INVALID', /length of the name/],
  ['a state that there is not', [{ ino: 1, state: 2 }], 'IMAGE_INVALID', /state of a unix socket is 2/],
  ['a listener without a name', [{ ino: 1, state: socketState.listening }], 'IMAGE_INVALID', /1 cannot listen/],
  ['a datagram socket that listens', [{ ino: 1, state: 10, type: 2, name: 'x\0' }], 'IMAGE_INVALID', /1 cannot listen/],
  [
    'a datagram socket that leads to one without a name',
    [
      { ino: 1, peer: 2, type: 2 },
      { ino: 2, type: 2 },
    ],
    'IMAGE_INVALID',
    /cannot be connected/,
  ],
])('%s is refused', (_what, said, code, message) => {
  expect(() => checkSockets(said.map(entry))).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});
