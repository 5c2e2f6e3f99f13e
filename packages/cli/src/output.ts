import { isatty } from 'node:tty';
import { type LogEntry, safeJson, safeLines, safeText } from '@criujs/core';
import { type Colors, createFilter, sequencesOf } from '@criujs/engine-kit/safe-text';
import { colorsFor } from './colors.ts';

/** A place for text, such as process.stdout. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  /** How many characters fit into a line of a terminal. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/**
 * Where a command's output goes: results to stdout, everything else to stderr; with `--json` stdout gets one object and nothing
 * else. No control sequence but that of a colour of ours gets through.
 */
export interface Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Colours for stdout. */
  readonly colors: Colors;
  readonly errorColors: Colors;
  /** Characters in a line of stdout; null when it is no terminal. */
  width(): number | null;
  /** The result of a command: an object for machines, or text for people, in which names are escaped. */
  result(data: object, text: string): void;
  /** Lines for people that are not a result; names in them are escaped. */
  note(text: string): void;
  /** A warning, as it was given; one that was logged already is not repeated. */
  warning(message: string): void;
  log(entry: LogEntry): void;
}

/** What decides how to print. */
export interface OutputOptions {
  readonly json?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly stdout?: Sink;
  readonly stderr?: Sink;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Node changes a stream when it is first used; a program that replaces us must get it unchanged. */
const ownStdout: Sink = {
  isTTY: isatty(1),
  get columns() {
    return process.stdout.columns;
  },
  write: (text) => process.stdout.write(text),
};
const ownStderr: Sink = { isTTY: isatty(2), write: (text) => process.stderr.write(text) };

export async function createOutput(options: OutputOptions): Promise<Output> {
  const { json = false, verbose = false, stdout = ownStdout, stderr = ownStderr, environment = process.env } = options;
  const [out, err] = [await openStream(stdout, environment), await openStream(stderr, environment)];
  const { colors: errorColors, write: note } = err;
  const warned = new Set<string>();
  const warning = (message: string): void => {
    if (!warned.has(message)) note(`${errorColors.yellow('criujs: warning:')} ${safeLines(message)}`);
    warned.add(message);
  };
  return {
    json,
    verbose,
    colors: out.colors,
    errorColors,
    width: () => (stdout.isTTY === true ? Math.max(40, stdout.columns ?? 80) : null),
    note,
    result(data, text) {
      if (json) out.write(safeJson(data));
      else if (text !== '') out.write(text);
    },
    warning,
    log({ level, message, plugin, hook, details }) {
      if (level === 'debug' && !verbose) return;
      if (plugin === undefined && level === 'warn') return warning(message);
      const who = safeText(plugin ?? 'criujs');
      const where = verbose && hook !== undefined ? ` ${safeText(hook)}` : '';
      const mark =
        level === 'error' ? errorColors.red(' error') : level === 'warn' ? errorColors.yellow(' warning') : '';
      const more = details === undefined ? '' : ` ${errorColors.dim(detailsText(details))}`;
      note(`${errorColors.dim(who + where)}${mark}${errorColors.dim(':')} ${safeLines(message)}${more}`);
    },
  };
}

/** Waits until all that was written is out. */
export function flushed(): Promise<void> {
  return new Promise((done) => process.stdout.write('', () => process.stderr.write('', () => done())));
}

/** The one place where text comes to a stream. */
async function openStream(
  sink: Sink,
  environment: NonNullable<OutputOptions['environment']>,
): Promise<{ readonly colors: Colors; write(text: string): void }> {
  const colors = await colorsFor(sink.isTTY === true, environment);
  const filter = createFilter(sequencesOf(colors));
  return { colors, write: (text) => void sink.write(`${filter(text)}\n`) };
}

/** Details of a log message may hold anything. */
function detailsText(value: unknown): string {
  try {
    return safeJson(value);
  } catch {
    return safeText(String(value));
  }
}
