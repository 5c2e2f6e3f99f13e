import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ImageStore } from '@criujs/core';
import { arena, makePipe, syscall } from '@criujs/linux';

/** A store whose images go through pipes or sockets, served by the event loop of this process. */
export interface StreamStore extends ImageStore {
  /** What the last dump committed. */
  readonly images: ReadonlyMap<string, Buffer>;
  /** Names in the order in which the last run opened them, with its mode. */
  readonly opened: readonly string[];
  /** Ends all streams that are left open. */
  close(): void;
}

export interface StreamStoreOptions {
  readonly by?: 'pipe' | 'socket';
  /** What a restore gets in place of an image; null: a stream that stays silent after half of it. */
  readonly sent?: (name: string, bytes: Buffer) => Buffer | null;
  /** How a dump's stream is treated: read, read from some moment on, left alone, or closed. */
  readonly received?: (name: string) => 'read' | 'ignore' | 'close' | Promise<void>;
}

/** AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC. socket(2). */
const unix = 1;
const stream = 1 | 0o2000000;

/** Whether an image holds pages. */
export const isPages = (name: string): boolean => name.startsWith('pages-');

/** A reading and a writing end. */
function ends(by: 'pipe' | 'socket'): [read: number, write: number] {
  if (by === 'pipe') return makePipe();
  return arena.scope(() => {
    const pair = arena.alloc(8);
    syscall('socketpair', unix, stream, 0, pair.address);
    return [pair.view.getInt32(0, true), pair.view.getInt32(4, true)];
  });
}

export function streamStore(options: StreamStoreOptions = {}): StreamStore {
  const { by = 'pipe', sent = (_, bytes) => bytes, received = () => 'read' } = options;
  let images: ReadonlyMap<string, Buffer> = new Map();
  const opened: string[] = [];
  let pages = Promise.resolve();
  const left = new Set<Socket>();

  const hold = (socket: Socket): Socket => {
    left.add(socket);
    socket.on('error', () => undefined).on('close', () => left.delete(socket));
    return socket;
  };

  function receive(name: string): [fd: number, whole: Promise<Buffer>] {
    const [readEnd, write] = ends(by);
    const how = received(name);
    if (how === 'close') {
      closeSync(readEnd);
      return [write, new Promise(() => undefined)];
    }
    const socket = hold(new Socket({ fd: readEnd, readable: true, writable: false, allowHalfOpen: true }));
    const chunks: Buffer[] = [];
    const whole = new Promise<Buffer>((resolve) => socket.on('end', () => resolve(Buffer.concat(chunks))));
    const read = (): void => void socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    if (how === 'read') read();
    else if (how !== 'ignore') void how.then(read);
    return [write, whole];
  }

  function send(name: string, bytes: Buffer): number {
    const [read, write] = ends(by);
    const socket = hold(new Socket({ fd: write, readable: false, writable: true }));
    const feed = (): Promise<void> =>
      new Promise((done) => {
        socket.on('close', done);
        const instead = sent(name, bytes);
        if (instead === null) socket.write(bytes.subarray(0, bytes.length >> 1));
        else socket.end(instead);
      });
    // As through one connection: the pages of a process come when all of those before were read.
    if (isPages(name)) pages = pages.then(feed);
    else void feed();
    return read;
  }

  return {
    get images() {
      return images;
    },
    opened,
    begin({ stage }) {
      const written = new Map<string, Promise<Buffer>>();
      opened.length = 0;
      pages = Promise.resolve();
      return {
        open(name, mode) {
          opened.push(name);
          if (mode === 'read') {
            const bytes = stage === 'restore' ? images.get(name) : undefined;
            if (bytes === undefined) throw Object.assign(new Error(name), { code: 'ENOENT' });
            return send(name, bytes);
          }
          const [fd, whole] = receive(name);
          written.set(name, whole);
          return fd;
        },
        list: () => [...images.keys()],
        async commit() {
          const entries = [...written].map(async ([name, whole]) => [name, await whole] as const);
          images = new Map(await Promise.all(entries));
        },
        abort: () => undefined,
      };
    },
    close() {
      for (const socket of left) socket.destroy();
    },
  };
}
