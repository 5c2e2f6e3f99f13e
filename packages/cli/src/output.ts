import { isatty } from 'node:tty';
import type { LogEntry } from '@criujs/core';

type Paint = (text: string) => string;

/** Colours of one stream, or none. */
export interface Colors {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly yellow: Paint;
  readonly green: Paint;
  readonly cyan: Paint;
}

/** A place for text, such as process.stdout. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  /** How many characters fit into a line of a terminal. */
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/**
 * Where a command's output goes: results to stdout, everything else to stderr; with `--json` stdout gets one object and nothing
 * else.
 */
export interface Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Colours for stdout. */
  readonly colors: Colors;
  readonly errorColors: Colors;
  /** Characters in a line of stdout; null when it is no terminal. */
  width(): number | null;
  /** The result of a command: an object for machines, or text for people. */
  result(data: object, text: string): void;
  /** A line for people that is not a result. */
  note(text: string): void;
  /** A warning; one that was logged already is not repeated. */
  warning(text: string): void;
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
  const colors = await colorsFor(stdout, environment);
  const errorColors = await colorsFor(stderr, environment);
  const note = (text: string): void => void stderr.write(`${text}\n`);
  const warned = new Set<string>();
  const warning = (text: string): void => {
    if (!warned.has(text)) note(`${errorColors.yellow('criujs: warning:')} ${text}`);
    warned.add(text);
  };
  return {
    json,
    verbose,
    colors,
    errorColors,
    width: () => (stdout.isTTY === true ? Math.max(40, stdout.columns ?? 80) : null),
    note,
    result(data, text) {
      if (json) stdout.write(`${JSON.stringify(data)}\n`);
      else if (text !== '') stdout.write(`${text}\n`);
    },
    warning,
    log({ level, message, plugin, hook, details }) {
      if (level === 'debug' && !verbose) return;
      if (plugin === undefined && level === 'warn') return warning(message);
      const who = plugin ?? 'criujs';
      const where = verbose && hook !== undefined ? ` ${hook}` : '';
      const mark =
        level === 'error' ? errorColors.red(' error') : level === 'warn' ? errorColors.yellow(' warning') : '';
      const more = details === undefined ? '' : ` ${errorColors.dim(safeJson(details))}`;
      note(`${errorColors.dim(who + where)}${mark}${errorColors.dim(':')} ${message}${more}`);
    },
  };
}

const same: Paint = (text) => text;
const noColors: Colors = { bold: same, dim: same, red: same, yellow: same, green: same, cyan: same };

/** Colours on a terminal that wants them. https://no-color.org */
async function colorsFor(sink: Sink, environment: OutputOptions['environment'] = {}): Promise<Colors> {
  const wanted = sink.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  // Loading the module is enough to touch process.stdout.
  return wanted ? (await import('picocolors')).default.createColors(true) : noColors;
}

/** Details of a log message may hold anything. */
function safeJson(value: unknown): string {
  try {
    return JSON.stringify(value, (_, it: unknown) => (typeof it === 'bigint' ? `${it}` : it)) ?? '';
  } catch {
    return String(value);
  }
}
