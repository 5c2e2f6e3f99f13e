import {
  type EngineError,
  type ExternalRecord,
  isTakingHook,
  type Records,
  type SocketRecord,
  type TakeRecord,
} from '@criujs/engine-kit';
import type { Unrestorable } from '@criujs/plugin-host/facts';
import type { HookArgs, HookName, Provider } from '@criujs/plugin-sdk';
import type { Memory } from './calls.ts';

/** A socket that a plugin took. Its id in `files.img` shows once the images are there. */
export type TakenSocket = Omit<SocketRecord, 'id'>;

/** What plugins took, for `criujs.json`. */
export interface Taken {
  readonly externals: readonly ExternalRecord[];
  readonly sockets: readonly TakenSocket[];
  readonly takes: readonly TakeRecord[];
}

/** What came of a run so far. */
export interface Ledger {
  readonly failures: readonly EngineError[];
  readonly taken: Taken;
  /** Names of the plugins that took or brought back something. */
  readonly claimed: ReadonlySet<string>;
  /** What plugins took and no loaded plugin could restore. */
  readonly unrestorable: readonly Unrestorable[];
  fail(error: EngineError): void;
  forgo(it: Unrestorable): void;
  /** @param resource in words */
  take<N extends HookName>(hook: N, args: HookArgs<N>, provider: Provider, resource: string): void;
}

export function openLedger(): Ledger {
  const failures: EngineError[] = [];
  const externals: ExternalRecord[] = [];
  const sockets: TakenSocket[] = [];
  const takes: TakeRecord[] = [];
  const claimed = new Set<string>();
  const unrestorable: Unrestorable[] = [];
  return {
    failures,
    taken: { externals, sockets, takes },
    claimed,
    unrestorable,
    forgo: (it) => void unrestorable.push(it),
    fail: (error) => void failures.push(error),
    take(hook, args, provider, resource) {
      claimed.add(provider.name);
      if (isTakingHook(hook)) takes.push({ hook, resource, provider });
      if (hook === 'DUMP_EXT_FILE') {
        const { id, file } = args as HookArgs<'DUMP_EXT_FILE'>;
        externals.push({ id, file: { ...file, provider } });
      }
      if (hook === 'DUMP_UNIX_SK') {
        const { inode, socket } = args as HookArgs<'DUMP_UNIX_SK'>;
        sockets.push({ inode, socket, provider });
      }
    },
  };
}

/** What `criujs.json` says, to be found by what CRIU asks for. */
export function recall(records: Records | null): Memory {
  const files = new Map(records?.externals.map(({ id, file }) => [id, file]));
  const sockets = new Map(records?.sockets.map((it) => [it.inode, it]));
  return { file: (id) => files.get(id), socket: (inode) => sockets.get(inode) };
}
