import { timingSafeEqual } from 'node:crypto';
import { EngineError, type LogEntry, type Records } from '@criujs/engine-kit';
import { closeFd } from '@criujs/linux';
import type { PluginHost } from '@criujs/plugin-host';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import {
  type Connection,
  type Expects,
  type Handlers,
  helloFlags,
  hookFlags,
  type Message,
  type MessageInput,
  type WireError,
  welcomeFlags,
} from '@criujs/wire';
import { type Ahead, mayStartAtOnce, openAhead } from './ahead.ts';
import { answerHook, type HookAnswerer, type Reply } from './answer-hook.ts';
import { failureOf } from './failure.ts';
import { inventoryName } from './inventory-name.ts';
import { type Ledger, openLedger, recall } from './ledger.ts';

export interface SessionOptions {
  readonly host: PluginHost;
  /** What `criujs.json` says, at a restore. */
  readonly records: Records | null;
  readonly token: Uint8Array;
  /** Whoever started CRIU waits for `idle` and looks at the failures before the dump counts. */
  readonly posted: boolean;
  /** Also take what no loaded plugin could restore. */
  readonly dumpOnly: boolean;
  /** Milliseconds that the bridge waits for an answer. */
  readonly deadline: number;
  readonly onLog: (entry: LogEntry) => void;
}

/** What CRIU's side asks in one run, from any number of connections. */
export interface Session extends Handlers {
  readonly ledger: Ledger;
  /** Begins to open files of a restore, unless a plugin may count on being called before. */
  begin(): void;
  /** Opens nothing ahead any more, and closes what nobody asked for. */
  close(): Promise<void>;
}

const EACCES = 13;
const EPROTO = 71;
/**
 * Milliseconds; a client that waits behind its posted questions gives up after its deadline, which the host's call may nearly
 * fill.
 */
const silenceMs = 1000;

export function createSession(options: SessionOptions): Session {
  const { host, records, token, posted, dumpOnly, deadline, onLog } = options;
  /** Those that have shown the token. */
  const known = new WeakSet<Connection>();
  const ledger = openLedger();
  let criuHooks = 0;
  /** When a client waiting behind its posted questions last heard from us. */
  let heardAt = 0;
  const answerer: HookAnswerer = { host, memory: recall(records), ledger, onLog, dumpOnly, criuHooks: () => criuHooks };
  const ids = records?.externals.map(({ id }) => id) ?? [];
  const ahead: Ahead = openAhead(ids, (message) => answerHook(answerer, { message, fd: -1 }));

  function greet(connection: Connection, { sequence, flags, hooks, token: shown }: Message<'HELLO'>): void {
    if (!timingSafeEqual(token, shown)) {
      refuse(connection, { sequence, result: -EACCES, error: 'the token is not that of this run' });
      ledger.fail(broken('a connection had a wrong token'));
      return;
    }
    known.add(connection);
    // A connection for a single call is only answered that call.
    if (flags & helloFlags.FORKED) return;
    criuHooks = hooks;
    const names = host.plugins.flatMap(({ name }) => inventoryName(host, name) ?? []).join('\n');
    const told = { served: servedBy(host), deadline, name: names, flags: posted ? welcomeFlags.MAY_POST : 0 };
    send(connection, { type: 'WELCOME', sequence, ...told });
  }

  function refuse(connection: Connection, message: Omit<MessageInput<'WELCOME'>, 'type'>): void {
    send(connection, { type: 'WELCOME', ...message });
    connection.close();
  }

  /** Never rejects. */
  async function answer(connection: Connection, message: Message<'HOOK'>, fd: number | null): Promise<Expects> {
    const isPosted = posted && (message.about & hookFlags.POSTED) !== 0;
    try {
      const { message: reply, descriptor } = await replyTo(message, fd ?? -1);
      if (message.about & hookFlags.AHEAD) sendAhead(connection);
      try {
        if (!isPosted || reply.result || isLongSilent())
          send(connection, { ...reply, sequence: message.sequence }, descriptor?.fd);
      } finally {
        await descriptor?.close();
      }
    } catch (error) {
      ledger.fail(failureOf(error, undefined));
    } finally {
      if (fd !== null) closeFd(fd);
    }
    return isPosted || ahead.isBusy() ? 'a-ring' : 'at-once';
  }

  function isLongSilent(): boolean {
    const now = performance.now();
    if (now - heardAt < silenceMs) return false;
    heardAt = now;
    return true;
  }

  function replyTo(message: Message<'HOOK'>, fd: number): Promise<Reply> {
    const isFile = message.hook === hookTable.RESTORE_EXT_FILE.number;
    return (isFile ? ahead.take(message.id) : undefined) ?? answerHook(answerer, { message, fd });
  }

  /** What CRIU's side will ask for next, if it is there already. */
  function sendAhead(connection: Connection): void {
    for (const { ids, descriptors } of ahead.bundles()) {
      send(connection, { type: 'FILES', count: ids.length, ids: ids.map((id) => `${id} `).join('') }, descriptors);
    }
  }

  return {
    ledger,
    onMessage(connection, { message, descriptor }) {
      const isKnown = known.has(connection);
      if (message.type === 'HOOK' && isKnown) return answer(connection, message, descriptor);
      if (descriptor !== null) closeFd(descriptor);
      if (message.type === 'HELLO' && !isKnown) greet(connection, message);
      else if (message.type === 'EXIT' && isKnown) send(connection, { type: 'REPLY', sequence: message.sequence });
      else {
        refuse(connection, { sequence: message.sequence, result: -EPROTO, error: 'HELLO comes first, and once' });
        ledger.fail(broken(`a connection sent ${message.type} out of turn`));
      }
      return undefined;
    },
    onEnd(_, fault) {
      if (fault !== null) ledger.fail(broken(fault.message, fault));
    },
    begin() {
      if (host.serves('RESTORE_EXT_FILE') && mayStartAtOnce(host)) ahead.start();
    },
    close: () => ahead.close(),
  };
}

/** A client that ended in the middle of a call gets no answer. */
function send(connection: Connection, message: MessageInput, descriptor?: number | readonly number[]): void {
  try {
    connection.send(message, descriptor);
  } catch (error) {
    if ((error as WireError).code !== 'WIRE_CLOSED') throw error;
  }
}

/** A bit for each hook, by CRIU's numbers. */
function servedBy(host: PluginHost): number {
  const names = (Object.keys(hookTable) as HookName[]).filter((name) => host.serves(name));
  return names.reduce((bits, name) => bits | (1 << hookTable[name].number), 0);
}

function broken(why: string, cause?: WireError): EngineError {
  return new EngineError('CRIU_FAILED', `the connection to CRIU: ${why}`, {
    remedy: cause?.remedy ?? 'Start the run again, with packages of criujs of one release.',
    cause,
  });
}
