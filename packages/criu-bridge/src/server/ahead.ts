import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PluginHost } from '@criujs/plugin-host';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import { decode, encode, type Message, mostFiles } from '@criujs/wire';
import type { Reply } from './answer-hook.ts';

/** A packet of files that CRIU's side has not asked for yet. */
export interface Bundle {
  readonly ids: readonly number[];
  readonly descriptors: readonly number[];
}

/** Opens the files of a restore before they are asked for: CRIU gets many with the answer to one question. */
export interface Ahead {
  /** Begins, once. */
  start(): void;
  /** Whether a plugin is at it. */
  isBusy(): boolean;
  /** The reply for this file, if it was or is being asked for ahead; it is the caller's then, descriptor and all. */
  take(id: number): Promise<Reply> | undefined;
  /** Files that are open by now, for the caller to send. */
  bundles(): Bundle[];
  /** Stops, and closes what nobody took. */
  close(): Promise<void>;
}

/** Packets in one answer. Nobody reads while they are sent: all must fit into the socket. */
const mostBundles = 8;
/** Files that are open at a time and not sent yet. */
const mostOpen = 768;
/** Files that are opened in one turn of the event loop. */
const mostInTurn = 16;

/** Whoever brings these hooks may count on them to be called before any file is opened. */
const earlier = ['RESTORE_INIT', 'POST_FORKING', 'RESTORE_EXT_MOUNT'] as const satisfies readonly HookName[];

/** Whether files may be opened while CRIU still starts, not only when the first one is asked for. */
export function mayStartAtOnce(host: PluginHost): boolean {
  return !earlier.some((hook) => host.serves(hook));
}

/** The question that CRIU's side would ask for a file, but for its id. */
const question = decode(encode({ type: 'HOOK', hook: hookTable.RESTORE_EXT_FILE.number })) as Message<'HOOK'>;

/** @param ids files that were recorded, in the order of the images */
export function openAhead(ids: readonly number[], ask: (message: Message<'HOOK'>) => Promise<Reply>): Ahead {
  const waiting = [...ids];
  /** Asked for, and not taken. */
  const asked = new Map<number, Promise<Reply>>();
  const open = new Map<number, Reply>();
  /** On the way to CRIU's side: a task that asks before they are there gets the same file, and no plugin is asked twice. */
  const sent = new Map<number, Reply>();
  let running: Promise<void> | undefined;
  let closed = false;

  async function run(): Promise<void> {
    for (let count = 0; !closed && open.size < mostOpen; count++) {
      // CRIU's steps are answered on this thread, too.
      if (count % mostInTurn === 0) await nextTurn();
      const id = waiting.shift();
      if (id === undefined) return;
      const reply = ask({ ...question, id });
      asked.set(id, reply);
      const settled = await reply;
      // Whoever took it meanwhile has it; and what has no descriptor is told when it is asked for.
      if (asked.get(id) === reply && settled.descriptor !== undefined) open.set(id, settled);
    }
  }

  function start(): void {
    if (closed) return;
    running ??= run().finally(() => {
      running = undefined;
    });
  }

  function drop(id: number): void {
    asked.delete(id);
    open.delete(id);
  }

  return {
    start,
    isBusy: () => running !== undefined,
    take(id) {
      const given = sent.get(id);
      if (given !== undefined) return Promise.resolve(lend(given));
      const at = waiting.indexOf(id);
      if (at >= 0) waiting.splice(at, 1);
      const reply = asked.get(id);
      drop(id);
      return reply;
    },
    bundles() {
      const ready = [...open].slice(0, mostBundles * mostFiles);
      for (const [id, reply] of ready) {
        drop(id);
        sent.set(id, reply);
      }
      start();
      const count = Math.ceil(ready.length / mostFiles);
      return Array.from({ length: count }, (_, index) =>
        bundle(ready.slice(index * mostFiles, (index + 1) * mostFiles)),
      );
    },
    async close() {
      closed = true;
      await running;
      for (const reply of [...open.values(), ...sent.values()]) await reply.descriptor?.close();
      open.clear();
      sent.clear();
    },
  };
}

function bundle(files: readonly (readonly [number, Reply])[]): Bundle {
  return {
    ids: files.map(([id]) => id),
    descriptors: files.flatMap(([, { descriptor }]) => (descriptor === undefined ? [] : [descriptor.fd])),
  };
}

/** A reply that stays ours: its descriptor is not closed when it is sent. */
function lend({ message, descriptor }: Reply): Reply {
  return descriptor === undefined
    ? { message }
    : { message, descriptor: { fd: descriptor.fd, close: () => undefined } };
}
