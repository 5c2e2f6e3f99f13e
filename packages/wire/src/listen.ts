import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, constants, fstatSync, openSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { arena, closeFd, listenPackets, O_PATH, syscall } from '@criujs/linux';
import { type Bell, hangBell } from './bell.ts';
import { WireError } from './errors.ts';
import { createHub, type Handlers, type Hub } from './hub.ts';

export interface ListenOptions extends Handlers {
  /** Where the socket and the bell are made: a caller needs no more than a descriptor of this directory. */
  readonly directory: string;
}

/** A socket that programs connect to. */
export interface Listener {
  /** `NAME.sock` is the socket, `NAME.bell` the pipe that is written to after each packet. */
  readonly name: string;
  /** Takes all that has come by now. */
  drain(): void;
  /** Settles when no handler is at work any more. */
  idle(): Promise<void>;
  /** Closes all connections and takes socket and bell away. */
  close(): void;
}

const { O_RDONLY, O_DIRECTORY, O_RDWR, O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const S_IFIFO = 0o010000;
/** Tasks of other user namespaces come as users that nobody here knows: the token tells who may. */
const everybody = 0o666;

/**
 * Listens in a directory, for programs that have it open: no path is too long then, and no mount namespace hides it.
 * @throws WireError WIRE_SOCKET where the directory or its file system does not take a socket
 */
export function listen(options: ListenOptions): Listener {
  const { directory } = options;
  const name = `.criujs-${randomBytes(6).toString('hex')}`;
  const opened: number[] = [];
  let paths: readonly string[] = [];
  const remove = (): void => {
    // Through the descriptor: the directory may have got another name meanwhile.
    for (const path of paths) rmSync(path, { force: true });
    for (const fd of opened.splice(0)) closeFd(fd);
  };
  let hub: Hub;
  let bell: Bell;
  try {
    removeStale(directory);
    const folder = openSync(directory, O_RDONLY | O_DIRECTORY);
    opened.push(folder);
    const short = `/proc/self/fd/${folder}/${name}`;
    paths = [`${short}.sock`, `${short}.bell`];
    const listener = listenPackets(`${short}.sock`);
    opened.push(listener);
    makeFifo(`${short}.bell`);
    openToEverybody(`${short}.sock`, (it) => it.isSocket());
    openToEverybody(`${short}.bell`, (it) => it.isFIFO());
    hub = createHub(options, listener);
    // Open for writing, too: it never ends. The bell closes it.
    bell = hangBell(openSync(`${short}.bell`, O_RDWR | O_NONBLOCK | O_NOFOLLOW), () => hub.drain());
  } catch (cause) {
    remove();
    throw noSocket(directory, cause);
  }
  return {
    name,
    drain: () => hub.drain(),
    idle: () => hub.idle(),
    close() {
      bell.close();
      hub.close();
      remove();
    },
  };
}

/** What a killed host has left in the directory: its bell has no reader. fifo(7) */
function removeStale(directory: string): void {
  for (const entry of readdirSync(directory)) {
    const [, name] = /^(\.criujs-[0-9a-f]{12})\.bell$/.exec(entry) ?? [];
    if (name === undefined || isHeard(join(directory, entry))) continue;
    for (const path of [`${name}.sock`, entry]) rmSync(join(directory, path), { force: true });
  }
}

function isHeard(bell: string): boolean {
  try {
    closeSync(openSync(bell, O_WRONLY | O_NONBLOCK | O_NOFOLLOW));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENXIO';
  }
}

function makeFifo(path: string): void {
  arena.scope(() => void syscall('mknod', arena.cstring(path).address, S_IFIFO | everybody, 0));
}

/** Through a descriptor: whoever may write the directory could put a link to another file in its place. */
function openToEverybody(path: string, isOurs: (stat: Stats) => boolean): void {
  const fd = openSync(path, O_PATH | O_NOFOLLOW);
  try {
    const stat = fstatSync(fd);
    if (!isOurs(stat) || stat.nlink !== 1) throw new Error(`somebody put another file in the place of ${path}`);
    chmodSync(`/proc/self/fd/${fd}`, everybody);
  } finally {
    closeSync(fd);
  }
}

function noSocket(directory: string, cause: unknown): WireError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const readOnly = (cause as { code?: unknown }).code === 'EROFS';
  const remedy = readOnly
    ? 'Copy the images to a directory that can be written to: CRIU and plugins meet in a socket there.'
    : 'Use a directory of a local file system that you may write to.';
  return new WireError('WIRE_SOCKET', `no socket can be made in ${directory}: ${why}`, { remedy, cause });
}
