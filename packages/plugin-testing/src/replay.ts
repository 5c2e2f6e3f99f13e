import { closeSync, openSync, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import {
  decodeRecord,
  type HookAnswer,
  type ImageVersions,
  type RecordedAnswer,
  type RecordedCall,
  type RecordedError,
  type RecordLine,
  recordedResult,
} from '@criujs/plugin-host';
import { type CriuError, type FileKind, type HookName, hookTable, type Stage } from '@criujs/plugin-sdk';
import { isRunError, KitError } from './errors.ts';
import type { RunReport } from './report.ts';
import { conduct, type Run, type RunSettings, settingsOf } from './run.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { memorySections, type SectionContents } from './sections.ts';
import { makeStandIn } from './stand-in.ts';

export interface ReplaySettings extends RunSettings {
  /** Parts of the image that are there at first, beside those that were recorded. */
  readonly sections?: SectionContents | undefined;
  /** The version of what each plugin wrote into them, by plugin name: a record does not say. Default: 1. */
  readonly imageVersions?: ImageVersions | undefined;
  /** Opens what a call is lent, in place of a stand-in; undefined: the stand-in. The kit closes it. */
  readonly lend?: ((call: RecordedCall) => number | undefined) | undefined;
}

/** A call whose answer is another than it was. */
export interface Difference {
  /** The number of the call in the record; 0 of init. */
  readonly n: number;
  readonly hook: HookName | 'init';
  readonly resource: string | undefined;
  /** In words: `claimed by kvm: descriptor`, `claimed by nobody`, `failed: HOOK_FAILED`. */
  readonly recorded: string;
  readonly now: string;
}

export interface ReplayReport {
  readonly ok: boolean;
  readonly differences: readonly Difference[];
  /** What happened now, in each run of the record. */
  readonly runs: readonly RunReport[];
}

/**
 * Makes the calls of a recorded run again (`criujs dump --record FILE`), with plugins of today, and compares the answers.
 * Descriptors are stand-ins; everything else is as it was recorded.
 * @param record the path of a record, or its lines
 * @throws HostError RECORD_INVALID
 */
export async function replay(
  record: string | URL | readonly RecordLine[],
  given: ReplaySettings | ReplaySettings['plugins'],
): Promise<ReplayReport> {
  const settings = settingsOf<ReplaySettings>(given);
  const lines = Array.isArray(record) ? (record as readonly RecordLine[]) : readRecord(record as string | URL);
  const differences: Difference[] = [];
  const runs: RunReport[] = [];
  let sections: SectionContents = settings.sections ?? {};
  let versions: ImageVersions = settings.imageVersions ?? {};
  for (const recorded of runsOf(lines)) {
    const store = memorySections(merge(sections, recorded.parts), versions);
    let began = false;
    const report = await conduct(recorded.stage, settings, store, async (run) => {
      began = true;
      for (const call of recorded.calls) await replayCall(run, call, settings, differences);
      if (recorded.stage === 'restore') await run.settle();
      if (recorded.failure !== undefined) throw failedThen(recorded.failure);
    });
    noteStart(recorded, began ? undefined : report.error, differences);
    runs.push(report);
    sections = report.sections;
    versions = store.versions;
  }
  // A run that failed then may fail now; that alone is not a difference.
  return { ok: differences.length === 0, differences, runs };
}

/** The lines of a record in a file. @throws HostError RECORD_INVALID */
export function readRecord(file: string | URL): readonly RecordLine[] {
  return decodeRecord(readFileSync(file, 'utf8'));
}

interface Recorded {
  readonly call: RecordedCall;
  /** Absent: the run was killed in this call. */
  readonly answer: RecordedAnswer | undefined;
}

interface RecordedRun {
  readonly stage: Stage;
  readonly calls: Recorded[];
  readonly parts: SectionContents;
  /** What its start failed with. */
  readonly startError: RecordedError | undefined;
  /** Why it ended, unless it went well. */
  failure: string | undefined;
}

function runsOf(lines: readonly RecordLine[]): readonly RecordedRun[] {
  const runs: RecordedRun[] = [];
  let parts: Record<string, Record<string, Uint8Array>> = {};
  for (const line of lines) {
    if (line.event === 'part' && line.base64 !== undefined) {
      const own = parts[line.plugin] ?? {};
      own[line.name] = new Uint8Array(Buffer.from(line.base64, 'base64'));
      parts[line.plugin] = own;
    }
    // What is read in init stands before the line that says how init went.
    if (line.event === 'start') runs.push(beginning(line, parts));
    if (line.event === 'finish') {
      parts = {};
      const run = runs.at(-1);
      if (run !== undefined) run.failure = line.error?.message;
    }
    if (line.event === 'call') runs.at(-1)?.calls.push({ call: line, answer: answerTo(line, lines) });
  }
  return runs;
}

function beginning(
  { stage, error }: Extract<RecordLine, { event: 'start' }>,
  parts: RecordedRun['parts'],
): RecordedRun {
  // Until its finish is read.
  return { stage, calls: [], parts, startError: error, failure: 'it was cut short' };
}

/** The engine's failure of then, for the exits of now. */
function failedThen(why: string): KitError {
  return new KitError('ENGINE_FAILED', `the recorded run failed: ${why}`, { remedy: 'None: it is on record.' });
}

function noteStart({ startError }: RecordedRun, error: CriuError | undefined, differences: Difference[]): void {
  const words = (it: Pick<RecordedError, 'code' | 'plugin'> | undefined): string =>
    it === undefined ? 'began' : failed(it);
  const [recorded, now] = [words(startError), words(error)];
  if (recorded !== now) differences.push({ n: 0, hook: 'init', resource: undefined, recorded, now });
}

/** A record may hold several hosts that each count from 1: the nearest answer after the call is its own. */
function answerTo(call: RecordedCall, lines: readonly RecordLine[]): RecordedAnswer | undefined {
  const after = lines.slice(lines.indexOf(call) + 1);
  return after.find((it): it is RecordedAnswer => it.event === 'answer' && it.n === call.n);
}

async function replayCall(
  run: Run,
  { call, answer }: Recorded,
  { lend }: ReplaySettings,
  differences: Difference[],
): Promise<void> {
  const { n, hook, provider, providerVersion, resource, batch } = call;
  const recorded = answer === undefined ? undefined : wordsOfRecorded(hook, answer);
  const note = (now: string): void => {
    if (recorded !== undefined && now !== recorded) differences.push({ n, hook, resource, recorded, now });
  };
  try {
    note(wordsOf(hook, await repeat(run, call, { provider, providerVersion, resource, batch }, lend)));
  } catch (error) {
    if (!isRunError(error)) throw error;
    note(failed(error));
    throw error;
  }
}

async function repeat(
  run: Run,
  call: RecordedCall,
  how: object,
  lend: ReplaySettings['lend'],
): Promise<HookAnswer<HookName>> {
  const { hook, args } = call;
  if (!('fd' in args)) return run.ask(hook, args, how);
  const folder = makeScratch();
  try {
    const fd = lend?.(call) ?? openStandIn(args, folder);
    return await run.lend(hook, { fd, close: () => closeSync(fd) }, () => ({ ...args, fd }) as typeof args, how);
  } finally {
    removeScratch(folder);
  }
}

function openStandIn(args: object, folder: string): number {
  const { kind } = ((args as { file?: { kind?: FileKind } }).file ?? {}) as { kind?: FileKind };
  if (kind === undefined) return openSync(devNull, 'r+');
  return makeStandIn({ kind, content: undefined, folder, name: 'file' }).open(2, 0);
}

function wordsOf(hook: HookName, answer: HookAnswer<HookName>): string {
  if (hookTable[hook].kind === 'observer') return 'told';
  if (!answer.claimed) return 'claimed by nobody';
  return claimed(answer.plugin, recordedResult(hook, answer.result));
}

function wordsOfRecorded(hook: HookName, { plugin, result, error }: RecordedAnswer): string {
  if (error !== undefined) return failed(error);
  if (hookTable[hook].kind === 'observer') return 'told';
  return plugin === undefined ? 'claimed by nobody' : claimed(plugin, result);
}

function claimed(plugin: string, result: RecordedAnswer['result']): string {
  return `claimed by ${plugin}: ${result?.kind ?? 'nothing'}${detailsOf(result)}`;
}

function detailsOf(result: RecordedAnswer['result']): string {
  if (result?.kind === 'mount') return ` of ${result.source}`;
  if (result?.kind !== 'source') return '';
  return ` ${result.offset}${result.descriptor ? ' with a descriptor' : ''}`;
}

function failed({ code, plugin }: Pick<RecordedError, 'code' | 'plugin'>): string {
  return `failed: ${code}${plugin === undefined ? '' : ` of ${plugin}`}`;
}

function merge(before: SectionContents, parts: SectionContents): SectionContents {
  const names = new Set([...Object.keys(before), ...Object.keys(parts)]);
  return Object.fromEntries([...names].map((name) => [name, { ...before[name], ...parts[name] }]));
}
