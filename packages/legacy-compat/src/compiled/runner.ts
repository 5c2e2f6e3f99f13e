import { setTimeout } from 'node:timers/promises';
import { closeFd } from '@criujs/linux';
import { hookTable, type Logger } from '@criujs/plugin-sdk';
import { helloFlags, longestText, type Message, type MessageInput, type Received, type WireError } from '@criujs/wire';
import type { OldContext } from '../call-old.ts';
import type { Answer, Asked } from './ask.ts';
import { logLines } from './log-lines.ts';
import { ended, startProcess } from './process.ts';

/** Where it logs, and how long it has. */
export type CallContext = Pick<OldContext, 'log' | 'signal'>;

/** What a plugin is told at its beginning. */
export interface Beginning {
  /** By the number that it knows; null: it is only to be loaded. */
  readonly stage: number | null;
  /** Names that `check_and_remove_inventory_plugin` finds; null: it says yes to all. */
  readonly needed: readonly string[] | null;
}

/** A compiled plugin in its process. It is asked one thing at a time; a call whose signal aborts ends the process. */
export interface Runner {
  /** Names that the plugin gave to `add_inventory_plugin`. */
  readonly added: readonly string[];
  /** Whether a call was told already that the process is gone, or had it killed. */
  readonly mourned: boolean;
  /** Loads the plugin, and calls its init unless it is only to be loaded: `result` is what that answered. */
  begin(beginning: Beginning, context: CallContext): Promise<Message<'WELCOME'>>;
  call(asked: Asked, context: CallContext): Promise<Answer>;
  /** Calls the plugin's exit, unloads it and waits for the end of the process. */
  exit(stage: number, result: number, context: CallContext): Promise<void>;
  /** Ensures that the process has ended. */
  end(): Promise<void>;
}

/** Milliseconds that a process has to end by itself before it is killed. */
const patienceMs = 1000;

/** A question that waits for its answer. */
interface Question {
  readonly sequence: number;
  answered(received: Received): void;
  failed(error: Error): void;
}

/**
 * Starts a process for a plugin, which runs nothing of it yet.
 * @param directory where `criu_get_image_dir()` leads; null: nowhere
 * @throws WireError NATIVE_NO_COMPILER …
 */
export async function startRunner(path: string, directory: string | null, log: Logger): Promise<Runner> {
  const added: string[] = [];
  let sequence = 0;
  let waiting: Question | null = null;
  let over: Error | null = null;
  let mourned = false;
  /** Of the last call: threads of a plugin may log between calls. */
  let current = log;
  let turn: Promise<unknown> = Promise.resolve();

  const end = (error: Error): void => {
    over ??= error;
    waiting?.failed(over);
    waiting = null;
  };
  const broken = (how: string): void => {
    end(ended(path, how, []));
    process.kill();
  };
  const process = await startProcess({
    path,
    directory,
    onMessage(_, received) {
      const { message, descriptor } = received;
      const answers = message.type === 'WELCOME' || message.type === 'REPLY';
      if (answers && waiting?.sequence === message.sequence) {
        const { answered } = waiting;
        waiting = null;
        answered(received);
        return;
      }
      if (descriptor !== null) closeFd(descriptor);
      if (message.type === 'LOG') logLines(current, message.level, message.text);
      else if (message.type === 'INVENTORY') added.push(message.name);
      else broken(`sent ${message.type} out of turn`);
    },
    onEnd(_, fault) {
      if (fault !== null) broken(`breaks the protocol: ${fault.message}`);
    },
    onLine: (level, line) => current[level](line),
  });
  const gone = process.gone.then((error) => {
    end(error ?? ended(path, 'exited with code 0', []));
    return error;
  });

  const send = async (message: MessageInput, descriptor: number | null): Promise<void> => {
    try {
      process.connection.send(message, descriptor);
    } catch (error) {
      if ((error as WireError).code !== 'WIRE_CLOSED') throw error;
      // It died between two calls, and nobody has told us yet.
      await gone;
      throw over ?? error;
    }
  };

  const ask = (message: MessageInput, descriptor: number | null, context: CallContext): Promise<Received> => {
    const answer = turn.then(async () => {
      if (over !== null) throw over;
      context.signal.throwIfAborted();
      current = context.log;
      sequence += 1;
      await send({ ...message, sequence }, descriptor);
      const question = new Promise<Received>((answered, failed) => {
        waiting = { sequence, answered, failed };
      });
      const kill = (): void => {
        mourned = true;
        process.kill();
      };
      context.signal.addEventListener('abort', kill);
      return question.finally(() => context.signal.removeEventListener('abort', kill));
    });
    turn = answer.catch(() => {
      mourned ||= over !== null;
    });
    return answer;
  };

  /** Asked for or not, a process that does not end is killed. */
  const leave = async (): Promise<Error | null> => {
    process.connection.close();
    const late = setTimeout(patienceMs, 'late' as const, { ref: false });
    if ((await Promise.race([gone, late])) === 'late') process.kill();
    return gone;
  };

  return {
    added,
    get mourned() {
      return mourned;
    },
    async begin({ stage, needed }, context) {
      const inventory = (needed ?? []).join('\n');
      const listed = needed !== null && Buffer.byteLength(inventory) <= longestText;
      const hello: MessageInput<'HELLO'> = {
        type: 'HELLO',
        stage: stage ?? 0,
        hooks: Object.keys(hookTable).length,
        flags: (stage === null ? helloFlags.DESCRIBE : 0) | (listed ? helloFlags.LISTED : 0),
        inventory: listed ? inventory : '',
      };
      return (await ask(hello, null, context)).message as Message<'WELCOME'>;
    },
    async call({ message, descriptor = null }, context) {
      const { message: reply, descriptor: opened } = await ask(message, descriptor, context);
      return { reply: reply as Message<'REPLY'>, descriptor: opened };
    },
    async exit(stage, result, context) {
      await ask({ type: 'EXIT', stage, result }, null, context);
      const error = await leave();
      if (error !== null) throw error;
    },
    async end() {
      await leave();
    },
  };
}
