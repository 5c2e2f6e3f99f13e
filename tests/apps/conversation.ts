import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './app.ts';

/** What a client says and hears. */
export interface Script {
  /** Said once, before the first question, with the answer to it. */
  readonly first?: readonly [said: string, answer: string];
  /** The question with this number; the first is 1. */
  ask(number: number): string;
  /** How many bytes of what was heard are the answer; null: not all of it is there. @throws Error when it is wrong */
  answered(heard: string, number: number): number | null;
  /** Said last. */
  readonly last?: string;
}

/** A script whose every answer is known. */
export function knownAnswers(ask: Script['ask'], answer: Script['ask']): Pick<Script, 'ask' | 'answered'> {
  return { ask, answered: (heard, number) => matched(heard, answer(number)) };
}

/** One connection over TCP that is kept, with one question after the other. */
export async function overTcp(port: number, script: Script): Promise<Load> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return converse(socket, socket, script, async () => {
    socket.end();
    if (!socket.closed) await once(socket, 'close');
  });
}

/** A client of the application's own, which reads commands and writes answers. */
export async function throughClient(command: readonly string[], script: Script): Promise<Load> {
  const [file = '', ...args] = command;
  const client = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const complaints: string[] = [];
  client.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
  const load = await converse(client.stdin, client.stdout, script, () => ended(client));
  return {
    done() {
      if (complaints.length > 0) throw new Error(`${file}: ${complaints.join('')}`);
      return load.done();
    },
    stop: load.stop,
  };
}

async function ended(client: ChildProcess): Promise<void> {
  client.stdin?.end();
  const code = client.exitCode ?? ((await once(client, 'exit')) as [number | null])[0];
  if (code !== 0) throw new Error(`${client.spawnfile} ended with ${code}`);
}

async function converse(to: Writable, from: Readable, script: Script, end: () => Promise<void>): Promise<Load> {
  let [number, heard, stopping] = [0, '', false];
  let error: Error | null = null;
  let wake = (): void => undefined;
  from.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    wake();
  });
  for (const stream of [to, from])
    stream.on('error', (it: Error) => {
      error ??= it;
      wake();
    });
  from.on('close', () => {
    if (!stopping) error ??= new Error(`the connection was closed after ${number} answers`);
    wake();
  });

  const answer = async (answered: (text: string) => number | null): Promise<void> => {
    for (;;) {
      if (error !== null) throw error;
      const length = answered(heard);
      if (length !== null) {
        heard = heard.slice(length);
        return;
      }
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const talk = async (): Promise<void> => {
    while (!stopping) {
      to.write(script.ask(number + 1));
      await answer((text) => script.answered(text, number + 1));
      number += 1;
      await sleep(1);
    }
  };

  const { first, last } = script;
  if (first !== undefined) {
    to.write(first[0]);
    await answer((text) => matched(text, first[1]));
  }
  const talking = talk().catch((it: Error) => {
    error ??= it;
  });
  return {
    done() {
      if (error !== null) throw error;
      return number;
    },
    async stop() {
      stopping = true;
      await talking;
      if (error !== null) throw error;
      if (last !== undefined) to.write(last);
      await end();
    },
  };
}

function matched(heard: string, expected: string): number | null {
  if (heard.length < expected.length && expected.startsWith(heard)) return null;
  if (heard.startsWith(expected)) return expected.length;
  throw new Error(`${JSON.stringify(expected)} was expected, and ${JSON.stringify(heard.slice(0, 200))} came`);
}
