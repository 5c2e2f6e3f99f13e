import { type BigIntStats, statSync } from 'node:fs';
import { readOptions } from '@criujs/engine-kit';
import type { Fdinfo, UnixSocket } from '@criujs/linux';
import type { CollectOptions } from '../src/files/collect.ts';
import type { HeldFile, SeenFile, Tree } from '../src/kinds/files/held.ts';
import type { LatePlace } from '../src/kinds/files/opening.ts';

/** A descriptor as /proc would show it. */
export function sampleFile(sample: {
  link: string;
  mode?: number;
  rdev?: [major: number, minor: number];
  flags?: number;
  info?: Partial<Fdinfo>;
  pid?: number;
  fd?: number;
  stat?: BigIntStats;
}): SeenFile {
  const { link, mode = 0o600, rdev = [0, 0], flags = 0o2, info = {}, pid = 4242, fd = 7 } = sample;
  const stat = { dev: 1n, ino: 2n, nlink: 1n, size: 0n, mode: BigInt(mode), rdev: BigInt((rdev[0] << 8) | rdev[1]) };
  return {
    pid,
    fd,
    command: 'sample',
    link,
    handle: link,
    stat: sample.stat ?? (stat as BigIntStats),
    info: { position: 0n, flags, mountId: 1, inode: 2, watches: [], locks: [], fields: new Map(), ...info },
    flags,
    closeOnExec: false,
  };
}

/** A file that a process has without a descriptor. */
export function heldFile(pid: number, path: string, flags = 0): HeldFile {
  return { pid, link: path, handle: path, flags, stat: statSync(path, { bigint: true }) };
}

/** Nothing of a deleted file is kept, and what is held has no guard. */
export const fileOptions: CollectOptions = {
  ...readOptions('dump', { ghostLimit: 0 }),
  leaveRunning: false,
  hold: (_held, make) => make(),
};

/** A tree without any process: what it knows is said here. */
export function sampleTree(known: Partial<Tree> & { sockets?: readonly UnixSocket[] } = {}): Tree {
  return {
    pids: [4242],
    all: [],
    serves: () => false,
    options: fileOptions,
    unixSocket: (inode) => known.sockets?.find((socket) => socket.inode === inode),
    listenerOf: (inode) => known.sockets?.find(({ pending }) => pending.includes(inode)),
    holdsSocket: () => false,
    isPipeOpenOutside: () => false,
    fifoId: ({ stat }) => Number(stat.ino),
    nameProblem: () => null,
    borrow: (_file, use) => use(-1),
    borrowLater: (_file, use) => use(() => -1),
    ...known,
  };
}

/** A unix socket: connected to another one that is not in the tree, if nothing else is said. */
export function sampleSocket(change: Partial<UnixSocket> = {}): UnixSocket {
  const alone = { address: Buffer.from(change.name ?? ''), file: null, pending: [], backlog: 0 } as const;
  return { inode: 5, peer: 6, state: 1, type: 1, name: null, shut: 0, ...alone, ...change };
}

const nothing = (): never => {
  throw new Error('there is no process');
};

/** A restore without any process. */
export const noPlace: LatePlace = {
  now: () => undefined,
  process: () => undefined,
  root: 0,
  call: nothing,
  openIn: nothing,
  open: nothing,
  occupy: nothing,
  within: nothing,
  hold: nothing,
  fetch: nothing,
  withEnding: nothing,
};
