import { openSync, readSync, rmSync, writeSync } from 'node:fs';
import { arena, syscall, trySyscall } from '@criujs/linux';
import { type DumpedFile, definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

const internet = 2;
const datagram = 2;
const loopback = [127, 0, 0, 1] as const;
const addressLength = 16;
const exclusive = 2;

/** The kinds of files that this plugin knows, and what it does with them. */
type What = 'deleted' | 'locked' | 'of a process' | 'hub' | 'one of two';

function whatIs({ path, kind }: Pick<DumpedFile, 'path' | 'kind'>, fd: number): What | null {
  if (kind === 'socket') return leadsAnywhere(fd) ? 'one of two' : 'hub';
  if (path?.startsWith('/proc/')) return 'of a process';
  if (path?.endsWith(' (deleted)')) return 'deleted';
  return path?.endsWith('/locked') ? 'locked' : null;
}

function leadsAnywhere(fd: number): boolean {
  return arena.scope(() => {
    const address = arena.alloc(addressLength);
    const size = arena.alloc(4);
    size.view.setUint32(0, addressLength, true);
    return trySyscall('getpeername', fd, address.address, size.address) === 0;
  });
}

function contentOf(fd: number): string {
  const content = Buffer.alloc(64 * 1024);
  return content.subarray(0, readSync(fd, content, 0, content.length, 0)).toString('latin1');
}

/** A socket at a port that the kernel chooses. */
function atLoopback(): number {
  const fd = syscall('socket', internet, datagram, 0);
  arena.scope(() => {
    const address = arena.alloc(addressLength);
    address.view.setUint16(0, internet, true);
    address.bytes.set(loopback, 4);
    syscall('bind', fd, address.address, address.length);
  });
  return fd;
}

function lead(from: number, to: number): void {
  arena.scope(() => {
    const address = arena.alloc(addressLength);
    const size = arena.alloc(4);
    size.view.setUint32(0, addressLength, true);
    syscall('getsockname', to, address.address, size.address);
    syscall('connect', from, address.address, address.length);
  });
}

/** The second of two that were made for the first. */
let spare: number | undefined;

function oneOfTwo(): number {
  const ready = spare;
  spare = undefined;
  if (ready !== undefined) return ready;
  const [one, other] = [atLoopback(), atLoopback()];
  lead(one, other);
  lead(other, one);
  spare = other;
  return one;
}

function deletedAgain(path: string, content: string): number {
  const fd = openSync(path, 'wx+');
  writeSync(fd, content, 0, 'latin1');
  const readOnly = process.env['CRIUJS_TEST_READ_ONLY'] === undefined ? undefined : openSync(path, 'r');
  rmSync(path);
  return readOnly ?? fd;
}

function lockedAgain(path: string): number {
  const fd = openSync(path, 'r+');
  syscall('flock', fd, exclusive);
  return fd;
}

interface Kept {
  readonly what: What;
  readonly content: string;
}

/** Takes what the engine knows and cannot dump. CRIUJS_TEST_LEAVE names what it leaves; CRIUJS_TEST_READ_ONLY has it open a file as no map can use it. */
export default definePlugin({
  name: 'test-keeper',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', ({ fd, id, file }, { image }) => {
      const what = whatIs(file, fd);
      record({ call: 'dump', what, ...file });
      if (what === null || what === process.env['CRIUJS_TEST_LEAVE']) return notSupported;
      return image.writeJson(`file-${id}`, { what, content: what === 'deleted' ? contentOf(fd) : '' });
    }),
    hook('RESTORE_EXT_FILE', async ({ id, file }, { image }) => {
      const { what, content } = await image.readJson<Kept>(`file-${id}`);
      record({ call: 'restore', what, ...file });
      const path = (file.path ?? '').replace(/ \(deleted\)$/, '');
      const open: Readonly<Record<What, () => number>> = {
        deleted: () => deletedAgain(path, content),
        locked: () => lockedAgain(path),
        // Of who has started us: outside of the tree, as it was.
        'of a process': () => openSync(`/proc/${process.ppid}/status`, 'r'),
        hub: atLoopback,
        'one of two': oneOfTwo,
      };
      return open[what]();
    }),
  ],
});
