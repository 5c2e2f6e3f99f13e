import type { BatchArgs, CriuError, HookArgs, HookName, HookResult, Stage } from '@criujs/plugin-sdk';
import { isHookName, type MountSource, retryLater, type VmaSource } from '@criujs/plugin-sdk';
import { HostError } from './errors.ts';

/** The version that {@link RecordLine}s are written in. A reader refuses any other. */
export const recordVersion = 1;

/**
 * One line of a record: JSON, ended by a newline. The first is the head. A call is written before it is made and its answer
 * after, so that a record of a run that was killed ends with the call that it was killed in.
 */
export type RecordLine =
  | { readonly event: 'record'; readonly format: 'criujs-record'; readonly version: number }
  /** A host: which plugins it has, in the order in which they are asked. */
  | { readonly event: 'host'; readonly plugins: readonly RecordedPlugin[] }
  | { readonly event: 'start'; readonly stage: Stage; readonly error?: RecordedError }
  | RecordedCall
  | RecordedAnswer
  /** The first time that a plugin read this part of the image; no data: it was too large to record, or not there. */
  | { readonly event: 'part'; readonly plugin: string; readonly name: string; readonly base64?: string }
  | { readonly event: 'finish'; readonly error?: RecordedError; readonly exitErrors: readonly RecordedError[] };

export interface RecordedPlugin {
  readonly name: string;
  readonly version?: string;
  readonly hooks: readonly HookName[];
}

/** A call as it was made, discriminated by `hook`. Descriptors in `args` are numbers of then. */
export type RecordedCall<N extends HookName = HookName> = {
  [K in N]: {
    readonly event: 'call';
    /** Counts from 1 within a record; the answer has the same. */
    readonly n: number;
    readonly hook: K;
    readonly args: HookArgs<K>;
    readonly provider?: string;
    readonly providerVersion?: string | null;
    readonly resource?: string;
    /** Absent: the hook is not called for each process, or for this one alone. */
    readonly batch?: BatchArgs;
  };
}[N];

/** What became of a call. */
export interface RecordedAnswer {
  readonly event: 'answer';
  readonly n: number;
  readonly ms: number;
  /** The plugin that claimed it; absent: nobody did, or it failed. */
  readonly plugin?: string;
  readonly version?: string;
  readonly result?: RecordedResult;
  readonly error?: RecordedError;
}

/** What a hook answered. Of a descriptor only that there was one. */
export type RecordedResult =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'descriptor' }
  | { readonly kind: 'retryLater' }
  | { readonly kind: 'mount'; readonly source: string }
  | { readonly kind: 'source'; readonly offset: bigint; readonly descriptor: boolean };

/** An error without its stack and causes. */
export interface RecordedError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly plugin?: string;
  readonly hook?: string;
  readonly resource?: string;
  readonly errno?: string | number;
}

/** The text of one line, with its newline. A bigint becomes `{ "$bigint": "…" }`. */
export function encodeRecordLine(line: RecordLine): string {
  const text = JSON.stringify(line, (_key, value: unknown) =>
    typeof value === 'bigint' ? { $bigint: value.toString() } : value,
  );
  return `${text}\n`;
}

/**
 * Reads a whole record. A last line without its end is left out: the run was killed while it was written.
 * @throws HostError RECORD_INVALID with the number of the line
 */
export function decodeRecord(text: string): readonly RecordLine[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = whole.split('\n').slice(0, -1).map(decodeLine);
  const [head] = lines;
  if (head?.event !== 'record') throw invalid(1, 'it does not begin like a record');
  if (head.version !== recordVersion) {
    throw invalid(1, `it has version ${String(head.version)}; this release reads version ${recordVersion}`);
  }
  return lines;
}

/** What of an answer is recorded. */
export function recordedResult<N extends HookName>(hook: N, result: HookResult<N>): RecordedResult {
  if (result === retryLater) return { kind: 'retryLater' };
  if (result === undefined) return { kind: 'nothing' };
  if (hook === 'RESTORE_EXT_MOUNT') return { kind: 'mount', source: (result as MountSource).source };
  if (hook !== 'UPDATE_VMA_MAP') return { kind: 'descriptor' };
  const { offset, fd } = result as VmaSource;
  return { kind: 'source', offset: BigInt(offset), descriptor: fd !== undefined };
}

const details = ['remedy', 'plugin', 'hook', 'resource', 'errno'] as const;

/** What of an error is recorded. */
export function recordedError(error: CriuError): RecordedError {
  const all = details.map((name) => [name, (error as Partial<HostError>)[name]] as const);
  const { code, message } = error;
  return { code: String(code), message, ...Object.fromEntries(all.filter(([, value]) => value !== undefined)) };
}

const events: ReadonlySet<unknown> = new Set(['record', 'host', 'start', 'call', 'answer', 'part', 'finish']);

function decodeLine(text: string, index: number): RecordLine {
  const line = parse(text, index + 1) as RecordLine | null;
  if (!events.has(line?.event)) throw invalid(index + 1, 'it is not an event of a record');
  if (line?.event === 'call' && !isHookName(line.hook)) {
    throw invalid(index + 1, `it has ${JSON.stringify(line.hook)}, a hook that this release does not know`);
  }
  return line as RecordLine;
}

function parse(text: string, number: number): unknown {
  try {
    return JSON.parse(text, revive);
  } catch (cause) {
    throw invalid(number, 'it is not JSON', cause);
  }
}

function revive(_key: string, value: unknown): unknown {
  const digits = (value as { $bigint?: unknown } | null)?.$bigint;
  return typeof digits === 'string' ? BigInt(digits) : value;
}

function invalid(line: number, why: string, cause?: unknown): HostError {
  return new HostError('RECORD_INVALID', `line ${line} of the record cannot be read: ${why}`, {
    remedy: 'Record the run again with the release of criujs that reads it.',
    cause,
  });
}
