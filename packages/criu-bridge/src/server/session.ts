import { timingSafeEqual } from 'node:crypto';
import { closeFd } from '@criujs/linux';
import type { PluginHost } from '@criujs/plugin-host';
import { EngineError, type LogEntry, type Records } from '@criujs/plugin-host/engine';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import {
  type Connection,
  type Handlers,
  helloFlags,
  type Message,
  type MessageInput,
  type WireError,
} from '@criujs/wire';
import { answerHook, type HookAnswerer } from './answer-hook.ts';
import { failureOf } from './failure.ts';
import { type Ledger, openLedger, recall } from './ledger.ts';

export interface SessionOptions {
  readonly host: PluginHost;
  /** What `criujs.json` says, at a restore. */
  readonly records: Records | null;
  readonly token: Uint8Array;
  /** Milliseconds that the bridge waits for an answer. */
  readonly deadline: number;
  readonly onLog: (entry: LogEntry) => void;
}

/** What CRIU's side asks in one run, from any number of connections. */
export interface Session extends Handlers {
  readonly ledger: Ledger;
  /** Settles when no call waits for a plugin any more. */
  idle(): Promise<void>;
}

const EACCES = 13;
const EPROTO = 71;

export function createSession(options: SessionOptions): Session {
  const { host, records, token, deadline, onLog } = options;
  /** Those that have shown the token. */
  const known = new WeakSet<Connection>();
  const waiting = new Set<Promise<void>>();
  const ledger = openLedger();
  let criuHooks = 0;
  const answerer: HookAnswerer = { host, memory: recall(records), ledger, onLog, criuHooks: () => criuHooks };

  function greet(connection: Connection, { sequence, flags, hooks, token: shown }: Message<'HELLO'>): void {
    if (!timingSafeEqual(token, shown)) {
      refuse(connection, { sequence, result: -EACCES, error: 'the token is not the one of this run' });
      ledger.fail(broken('somebody asked to be let in with a wrong token'));
      return;
    }
    known.add(connection);
    // A connection for a single call is only answered that call.
    if (flags & helloFlags.FORKED) return;
    criuHooks = hooks;
    const names = host.plugins.map(({ name }) => name).join('\n');
    send(connection, { type: 'WELCOME', sequence, served: servedBy(host), deadline, name: names });
  }

  function refuse(connection: Connection, message: Omit<MessageInput<'WELCOME'>, 'type'>): void {
    send(connection, { type: 'WELCOME', ...message });
    connection.close();
  }

  async function answer(connection: Connection, message: Message<'HOOK'>, fd: number | null): Promise<void> {
    const { message: reply, descriptor } = await answerHook(answerer, { message, fd: fd ?? -1 });
    try {
      send(connection, { ...reply, sequence: message.sequence }, descriptor?.fd);
    } finally {
      if (fd !== null) closeFd(fd);
      await descriptor?.close();
    }
  }

  function track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => ledger.fail(failureOf(error, undefined)))
      .finally(() => void waiting.delete(tracked));
    waiting.add(tracked);
  }

  return {
    ledger,
    onMessage(connection, { message, descriptor }) {
      const isKnown = known.has(connection);
      if (message.type === 'HOOK' && isKnown) {
        track(answer(connection, message, descriptor));
        return;
      }
      if (descriptor !== null) closeFd(descriptor);
      if (message.type === 'HELLO' && !isKnown) greet(connection, message);
      else if (message.type === 'EXIT' && isKnown) send(connection, { type: 'REPLY', sequence: message.sequence });
      else {
        refuse(connection, { sequence: message.sequence, result: -EPROTO, error: 'HELLO comes first, and once' });
        ledger.fail(broken(`somebody said ${message.type} out of turn`));
      }
    },
    onEnd(_, fault) {
      if (fault !== null) ledger.fail(broken(fault.message, fault));
    },
    async idle() {
      while (waiting.size > 0) await Promise.all(waiting);
    },
  };
}

/** Whoever has ended in the middle of a call hears no answer. */
function send(connection: Connection, message: MessageInput, descriptor?: number): void {
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
