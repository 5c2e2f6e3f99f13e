import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { PluginError } from '@criujs/plugin-sdk';
import { type ChildPeer, type Handlers, startChild } from '@criujs/wire';
import { buildRunner } from './runner-build.ts';

/** A process with a compiled plugin in it. */
export interface PluginProcess extends Pick<ChildPeer, 'connection'> {
  /** Settles when the process is gone and all that it said was heard. null: it ended as it should; else how it did. */
  readonly gone: Promise<PluginError | null>;
  kill(): void;
}

export interface ProcessOptions extends Pick<Handlers, 'onMessage' | 'onEnd'> {
  /** The plugin. */
  readonly path: string;
  /** The directory that it sees as that of the images; null: none. */
  readonly directory: string | null;
  /** What it prints to its standard output and error. */
  onLine(level: 'info' | 'warn', line: string): void;
}

/** So many lines of its standard error are told with its end. */
const mostLines = 3;
/** Milliseconds that the last words of a process may take, when some child of its own holds on to its output. */
const lastWordsMs = 500;

/**
 * Starts it. Nothing of the plugin runs yet.
 * @throws WireError as {@link buildRunner}
 */
export async function startProcess(options: ProcessOptions): Promise<PluginProcess> {
  const { path, directory, onLine } = options;
  const file = await buildRunner();
  let heard = (): void => undefined;
  const allHeard = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const peer = startChild({
    file,
    args: directory === null ? [path] : [path, directory],
    onMessage: options.onMessage,
    onEnd(connection, fault) {
      options.onEnd(connection, fault);
      heard();
    },
  });
  const { process } = peer;
  listen(process.stdout, (line) => onLine('info', line));
  const lastLines = listen(process.stderr, (line) => onLine('warn', line));
  const end = async (): Promise<PluginError | null> => {
    const closed = once(process, 'close').catch(() => undefined);
    try {
      const [code, signal] = (await once(process, 'exit')) as [number | null, NodeJS.Signals | null];
      await Promise.race([Promise.all([closed, allHeard]), setTimeout(lastWordsMs, undefined, { ref: false })]);
      return code === 0
        ? null
        : ended(path, signal === null ? `exited with code ${code}` : `was ended by ${signal}`, lastLines);
    } catch (error) {
      return ended(path, `could not be started: ${(error as Error).message}`, []);
    } finally {
      peer.close();
    }
  };
  return { connection: peer.connection, gone: end(), kill: () => void process.kill('SIGKILL') };
}

/** Tells each line, and keeps the last few. */
function listen(stream: Readable | null, tell: (line: string) => void): readonly string[] {
  const last: string[] = [];
  if (stream === null) return last;
  createInterface({ input: stream }).on('line', (line) => {
    if (line.trim() === '') return;
    last.push(line.trim());
    if (last.length > mostLines) last.shift();
    tell(line);
  });
  return last;
}

/** The process of a plugin is not there when it should be. */
export function ended(path: string, how: string, lastLines: readonly string[]): PluginError {
  const words = lastLines.length === 0 ? '' : `; it said: ${lastLines.join(' | ')}`;
  return new PluginError(`the process of ${path} ${how}${words}`, {
    code: 'PLUGIN_EXITED',
    errno: 'EIO',
    remedy:
      'A compiled plugin runs in a separate process: the plugin itself failed. Ask its author, or run without it.',
  });
}
