import { type ChildProcess, spawn } from 'node:child_process';
import { closeFd, makePipe, packetPair } from '@criujs/linux';
import { hangBell } from './bell.ts';
import type { Connection } from './connection.ts';
import { createHub, type Handlers } from './hub.ts';

/** Descriptors of a child that speaks the protocol: its socket, and the bell that it rings after each packet. */
export const childDescriptors = { socket: 3, bell: 4 } as const;

export interface ChildOptions extends Handlers {
  readonly file: string;
  readonly args?: readonly string[] | undefined;
  /** Its whole environment. Default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
}

/** A program of ours that answers calls. */
export interface ChildPeer {
  /** What it writes to its standard output and error is in `stdout` and `stderr`; `exit` tells how it ends. */
  readonly process: ChildProcess;
  readonly connection: Connection;
  /** Closes the connection; the program is expected to end by itself then. */
  close(): void;
}

/**
 * Starts a program with a connection to it. `onEnd` comes when the program closes its end or ends; how, `process` tells.
 * Unlike a packet, a byte of the bell is not lost when the program dies: its last words are heard.
 */
export function startChild(options: ChildOptions): ChildPeer {
  const { file, args = [], env = process.env, cwd } = options;
  const { ours, theirs } = packetPair();
  const [bellRead, bellWrite] = makePipe();
  let child: ChildProcess;
  try {
    // A session of its own: what a terminal sends (Ctrl-C) is for us, who end the program in good order.
    child = spawn(file, args, { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe', theirs, bellWrite] });
  } catch (error) {
    for (const fd of [ours, bellRead]) closeFd(fd);
    throw error;
  } finally {
    for (const fd of [theirs, bellWrite]) closeFd(fd);
  }
  const hub = createHub(options);
  const connection = hub.add(ours);
  const bell = hangBell(
    bellRead,
    () => hub.drain(),
    () => hub.end(),
  );
  return {
    process: child,
    connection,
    close() {
      bell.close();
      hub.close();
    },
  };
}
