import { timingSafeEqual } from 'node:crypto';
import { closeFd } from '@criujs/linux';
import type { PluginHost } from '@criujs/plugin-host';
import { EngineError, type LogEntry, type Records } from '@criujs/plugin-host/engine';
import { type HookName, hookTable } from '@criujs/plugin-sdk';
import {
  type Connection,
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
  /** Milliseconds that the bridge waits for an answer. */
  readonly deadline: number;
  readonly onLog: (entry: LogEntry) => void;
  /** Called after each answer. */
  readonly onAnswer: () => void;
}

/** What CRIU's side asks in one run, from any number of connections. */
export interface Session extends Handlers {
  readonly ledger: Ledger;
  /** Settles when no call waits for a plugin any more. */
  idle(): Promise<void>;
  /** Opens nothing ahead any more, and closes what nobody asked for. */
  close(): Promise<void>;
}

const EACCES = 13;
const EPROTO = 71;
/** Of HELLO: a restore. */
const restoreStage = 2;

export function createSession(options: SessionOptions): Session {
  const { host, records, token, posted, deadline, onLog, onAnswer } = options;
  /** Those that have shown the token. */
  const known = new WeakSet<Connection>();
  /** The last call of each connection: those of one connection are made one after the other. */
  const waiting = new Map<Connection, Promise<void>>();
  const ledger = openLedger();
  let criuHooks = 0;
  /** Questions that were not answered yet. */
  let asked = 0;
  const answerer: HookAnswerer = { host, memory: recall(records), ledger, onLog, posted, criuHooks: () => criuHooks };
  const ids = records?.externals.map(({ id }) => id) ?? [];
  const ahead: Ahead = openAhead(ids, (message) => answerHook(answerer, { message, fd: -1 }));

  function greet(connection: Connection, { sequence, flags, hooks, stage, token: shown }: Message<'HELLO'>): void {
    if (!timingSafeEqual(token, shown)) {
      refuse(connection, { sequence, result: -EACCES, error: 'the token is not the one of this run' });
      ledger.fail(broken('somebody asked to be let in with a wrong token'));
      return;
    }
    known.add(connection);
    // A connection for a single call is only answered that call.
    if (flags & helloFlags.FORKED) return;
    criuHooks = hooks;
    const names = host.plugins.flatMap(({ name }) => inventoryName(host, name) ?? []).join('\n');
    const told = { served: servedBy(host), deadline, name: names, flags: posted ? welcomeFlags.POSTED : 0 };
    send(connection, { type: 'WELCOME', sequence, ...told });
    if (stage === restoreStage && host.serves('RESTORE_EXT_FILE') && mayStartAtOnce(host)) ahead.start();
  }

  function refuse(connection: Connection, message: Omit<MessageInput<'WELCOME'>, 'type'>): void {
    send(connection, { type: 'WELCOME', ...message });
    connection.close();
  }

  async function answer(connection: Connection, message: Message<'HOOK'>, fd: number | null): Promise<void> {
    const { message: reply, descriptor } = await replyTo(message, fd ?? -1);
    if (message.about & hookFlags.AHEAD) sendAhead(connection);
    try {
      send(connection, { ...reply, sequence: message.sequence }, descriptor?.fd);
    } finally {
      if (fd !== null) closeFd(fd);
      await descriptor?.close();
    }
    // Only with nothing else to do: whoever is told may hold this thread for a moment.
    if (asked === 1 && !ahead.isBusy()) onAnswer();
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

  function enqueue(connection: Connection, work: () => Promise<void>): void {
    const before = waiting.get(connection);
    asked += 1;
    const tracked = (before === undefined ? work() : before.then(work))
      .catch((error: unknown) => ledger.fail(failureOf(error, undefined)))
      .finally(() => {
        asked -= 1;
        if (waiting.get(connection) === tracked) waiting.delete(connection);
      });
    waiting.set(connection, tracked);
  }

  return {
    ledger,
    onMessage(connection, { message, descriptor }) {
      const isKnown = known.has(connection);
      if (message.type === 'HOOK' && isKnown) {
        enqueue(connection, () => answer(connection, message, descriptor));
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
      while (waiting.size > 0) await Promise.all(waiting.values());
    },
    close: () => ahead.close(),
  };
}

/** Whoever has ended in the middle of a call hears no answer. */
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
