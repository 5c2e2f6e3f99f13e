import { spawnSync } from 'node:child_process';
import { constants, mkdirSync, openSync, readSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import type { FileKind } from '@criujs/plugin-sdk';

/** The real file behind a pretend one. */
export interface StandIn {
  /** Where it lies on this machine. */
  readonly path: string;
  /** A new descriptor of it, which the caller closes. */
  open(flags: number, position: number | bigint): number;
}

/** What of a pretend file decides what stands in for it. */
export interface StandInPlan {
  readonly kind: FileKind;
  readonly content: string | Uint8Array | undefined;
  /** Where it may be made, and under which name. */
  readonly folder: string;
  readonly name: string;
}

type Maker = (path: string) => StandIn;

/** What the platform has that comes near; a plain file for everything else. */
const makers: Readonly<Partial<Record<FileKind, Maker>>> = {
  character: () => ({ path: devNull, open: (flags) => openSync(devNull, access(flags)) }),
  directory: (path) => {
    mkdirSync(path);
    return process.platform === 'win32' ? plainFile(`${path}.file`, '') : { path, open: () => openSync(path, 'r') };
  },
  fifo: (path) => {
    // Node makes none itself; mkfifo(1) is part of POSIX.
    if (process.platform === 'win32' || spawnSync('mkfifo', [path]).status !== 0) return plainFile(path, '');
    // Read and write: opening one end only would wait for the other.
    return { path, open: () => openSync(path, constants.O_RDWR | constants.O_NONBLOCK) };
  },
};

/** Makes the stand-in of a pretend file. Its descriptors are real: they can be read, written and looked at with fstat. */
export function makeStandIn({ kind, content, folder, name }: StandInPlan): StandIn {
  const path = join(folder, name);
  const make = content === undefined ? makers[kind] : undefined;
  return make?.(path) ?? plainFile(path, content ?? '');
}

function plainFile(path: string, content: string | Uint8Array): StandIn {
  writeFileSync(path, content);
  return {
    path,
    open(flags, position) {
      const fd = openSync(path, access(flags));
      if (readable(flags)) skip(fd, Number(position));
      return fd;
    },
  };
}

/** The two lowest bits of Linux' open flags say the same everywhere: read, write, both. */
function access(flags: number): number {
  return ([constants.O_RDONLY, constants.O_WRONLY, constants.O_RDWR] as const)[flags & 3] ?? constants.O_RDWR;
}

function readable(flags: number): boolean {
  return (flags & 3) !== 1;
}

/** Node has no lseek(2): reading moves the position as well, as far as the file goes. */
function skip(fd: number, bytes: number): void {
  const buffer = Buffer.alloc(Math.min(bytes, 64 * 1024));
  for (let left = bytes; left > 0; ) {
    const got = readSync(fd, buffer, 0, Math.min(left, buffer.length), null);
    if (got === 0) return;
    left -= got;
  }
}
