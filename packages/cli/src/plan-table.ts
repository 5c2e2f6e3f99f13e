import { type PlanResult, type PlanRow, type PlanSubject, safeText } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import { count, numberRanges } from './units.ts';

/** A terminal, as a table needs to know it. */
export interface TableStyle {
  /** Characters in a line. */
  readonly width: number;
  readonly colors: Colors;
  /** Whether every row is shown, even if many are alike. */
  readonly verbose: boolean;
}

type State = 'taken' | 'asked' | 'conflict' | 'open';

const marks: Readonly<Record<State, { readonly mark: string; readonly color: keyof Colors }>> = {
  taken: { mark: '✓', color: 'green' },
  asked: { mark: '?', color: 'yellow' },
  conflict: { mark: '!', color: 'red' },
  open: { mark: '✗', color: 'red' },
};

/** One line of the table. */
interface Line {
  readonly state: State;
  /** Descriptor numbers, or the subject. */
  readonly label: string;
  readonly what: string;
  readonly taker: string;
  readonly why?: string | undefined;
  readonly remedy?: string | undefined;
}

/** At most this many rows of one kind of file are shown, then a line with the number of the others. */
const alike = 8;
const narrowest = 16;
const gap = '  ';

/** A plan for people on a terminal: a table for each process, and the verdict. */
export function planTable(result: PlanResult, exitCode: number, style: TableStyle): string {
  const processes = byProcess(result.rows).map(({ title, rows }) => ({ title, lines: linesOf(rows, style.verbose) }));
  const all = processes.flatMap(({ lines }) => lines);
  const labels = Math.min(widest(all.map(({ label }) => label)), Math.max(8, style.width >> 2));
  const takers = Math.min(widest(all.map(({ taker }) => taker)), Math.max(10, style.width >> 1));
  const room = style.width - 4 - labels - takers - 2 * gap.length;
  const whats = Math.max(narrowest, Math.min(room, widest(all.map(({ what }) => what))));
  const tables = processes.map(({ title, lines }) =>
    [style.colors.bold(title), ...lines.map((line) => lineText(line, { labels, whats }, style))].join('\n'),
  );
  return [...tables, closing(result, exitCode, style)].join('\n\n');
}

/** A plan for files and pipes: one line for each resource, nothing shortened. */
export function planText(result: PlanResult, exitCode: number): string {
  const lines = result.rows.map((row) => {
    const head = `${marks[stateOf(row)].mark} ${row.pid} (${safeText(row.command)}) ${safeText(row.resource)} — ${safeText(takerText(row))}`;
    const more = [row.why, row.remedy === undefined ? undefined : `→ ${row.remedy}`].flatMap((it) => it ?? []);
    return [head, ...more.map((it) => `    ${safeText(it)}`)].join('\n');
  });
  return [...lines, verdict(result, exitCode)].join('\n');
}

function byProcess(rows: readonly PlanRow[]): { readonly title: string; readonly rows: readonly PlanRow[] }[] {
  const groups = new Map<number, PlanRow[]>();
  for (const row of rows) groups.set(row.pid, [...(groups.get(row.pid) ?? []), row]);
  return [...groups].map(([pid, own]) => ({ title: `${pid} (${safeText(own[0]?.command ?? '')})`, rows: own }));
}

function linesOf(rows: readonly PlanRow[], verbose: boolean): Line[] {
  const seen = new Map<string, number>();
  const left = new Map<string, PlanRow[]>();
  const lines: Line[] = [];
  for (const row of rows) {
    const line = lineOf(row);
    const kind = `${row.subject} ${line.taker}`;
    const nth = (seen.get(kind) ?? 0) + 1;
    seen.set(kind, nth);
    if (verbose || line.state !== 'taken' || row.descriptors === undefined || nth <= alike) lines.push(line);
    else left.set(kind, [...(left.get(kind) ?? []), row]);
  }
  for (const [, more] of left) lines.push(...summary(more));
  return lines;
}

/** Shows a single remaining row, or the number of several. */
function summary(rows: readonly PlanRow[]): Line[] {
  const [first] = rows;
  if (first === undefined) return [];
  if (rows.length === 1) return [lineOf(first)];
  const { state, taker } = lineOf(first);
  return [{ state, label: subjectWords[first.subject], what: `${rows.length} more; see all with -v`, taker }];
}

const subjectWords: Readonly<Record<PlanSubject, string>> = {
  process: 'process',
  namespace: 'namespace',
  timer: 'timer',
  memory: 'memory',
  file: 'files',
  socket: 'sockets',
};

function lineOf(row: PlanRow): Line {
  const { resource, file, descriptors, subject, why, remedy } = row;
  return {
    state: stateOf(row),
    label: descriptors === undefined ? subjectWords[subject] : numberRanges(descriptors),
    what: safeText(file ?? resource),
    taker: safeText(takerText(row)),
    why,
    remedy,
  };
}

function stateOf({ taker, conflict }: PlanRow): State {
  if (taker === null) return 'open';
  if (conflict !== undefined) return 'conflict';
  return 'engine' in taker || taker.claimed ? 'taken' : 'asked';
}

function takerText({ taker, conflict }: PlanRow): string {
  if (taker === null) return 'nobody';
  if (conflict !== undefined) return `plugins ${conflict.join(', ')}`;
  if ('engine' in taker) return taker.engine;
  const { plugin, claimed, asked } = taker;
  if (!claimed) return `${plugin === null ? `plugins ${asked.join(', ')}` : `plugin ${plugin}`}, asked at the dump`;
  return asked.length === 0 ? `plugin ${plugin}` : `plugin ${plugin}, unless ${asked.join(' or ')} takes it first`;
}

function lineText(line: Line, { labels, whats }: { labels: number; whats: number }, style: TableStyle): string {
  const { colors, width } = style;
  const { mark, color } = marks[line.state];
  const paint = colors[color];
  const head = `  ${paint(mark)} ${shorten(line.label, labels).padEnd(labels)}${gap}${shorten(line.what, whats).padEnd(whats)}${gap}`;
  const used = 4 + labels + whats + 2 * gap.length;
  const taker = shorten(line.taker, Math.max(narrowest, width - used));
  const indent = ' '.repeat(4);
  const notes = [
    ...(line.why === undefined ? [] : wrap(safeText(line.why), width - 4).map((it) => indent + it)),
    ...(line.remedy === undefined
      ? []
      : wrap(safeText(line.remedy), width - 6).map((it, at) => `${indent}${at === 0 ? colors.cyan('→') : ' '} ${it}`)),
  ];
  return [head + (line.state === 'taken' ? colors.dim(taker) : paint(taker)), ...notes].join('\n');
}

function closing(result: PlanResult, exitCode: number, { colors, width }: TableStyle): string {
  const paint = result.verdict === 'ready' ? colors.green : colors.red;
  return wrap(verdict(result, exitCode), width).map(paint).join('\n');
}

/** The verdict and the meaning of the exit code. */
function verdict({ rows, verdict: found }: PlanResult, exitCode: number): string {
  const states = rows.map(stateOf);
  const number = (state: State): number => states.filter((it) => it === state).length;
  const code = `(exit code ${exitCode})`;
  const refused = `${count(number('open'), 'resource has', 'resources have')} no taker`;
  const conflict = `${count(number('conflict'), 'resource is', 'resources are')} claimed by several plugins`;
  if (found === 'refused')
    return `${number('conflict') > 0 ? `${conflict}, and ` : ''}${refused}: a dump would be refused ${code}.`;
  if (found === 'conflict') return `${conflict}: a dump would decide by their order alone ${code}.`;
  const asked = number('asked');
  const all = `${count(rows.length, 'resource has', 'resources have')} a taker`;
  if (asked === 0) return `Nothing is refused: ${all} ${code}.`;
  return `Nothing is refused so far: ${all}; for ${asked} of them plugins decide at the dump ${code}.`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

/** Cuts the middle: the ends of a path say more. */
function shorten(text: string, room: number): string {
  if (text.length <= room) return text;
  const head = Math.ceil((room - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (room - 1 - head))}`;
}

/** Breaks at spaces; a word that is longer than a line stays whole. */
function wrap(text: string, room: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= room) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
