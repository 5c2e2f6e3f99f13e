import type { FileOptions } from '@criujs/engine-kit';
import { hasEnded, pause } from '@criujs/engine-kit/targets';
import { readChildren, readSmaps, readStat, type Stat, unlessGone } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import { mappedFrom } from '../files/mapped.ts';
import { type SurveyRow, surveyFiles } from '../files/survey.ts';
import type { Relative } from '../kinds/trees/kind.ts';
import { recogniseTree, surveyKinds } from '../kinds/trees/table.ts';
import { surveyMaps } from '../memory/survey.ts';
import { surveyTask } from '../tasks/survey.ts';
import { doSteps, type Steps } from './steps.ts';

/** How long what passes by itself may take until the tree is refused, in milliseconds. */
const passesMs = 1000;
/** Between two looks. */
const stepMs = 5;

/** A process of the tree, found by looking only. */
export interface SurveyedTask extends Relative {
  readonly stat: Stat;
}

/** Which hooks the loaded plugins have. */
export interface ServedHooks {
  serves(hook: HookName): boolean;
}

/** What a survey needs beside the tree. */
export interface SurveyContext {
  readonly hooks: ServedHooks;
  readonly options: FileOptions;
}

/** The tree below a root, parents first. It runs meanwhile: what ends is left out, the root too. */
export function* surveyTree(root: number): Steps<SurveyedTask[]> {
  const tasks: SurveyedTask[] = [];
  const queue = [{ pid: root, ppid: 0 }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { pid } = next;
    yield;
    const stat = unlessGone(() => readStat(pid), null);
    if (stat === null) continue;
    if (!hasEnded(stat)) tasks.push({ ...next, command: stat.comm, stat, state: 'alive' });
    queue.push(...unlessGone(() => readChildren(pid), []).map((child) => ({ pid: child, ppid: pid })));
  }
  return tasks;
}

/**
 * One row for each resource that matters, of a tree that runs: who takes it, or why nobody does. Processes come and go between
 * two looks; so of what is refused only that counts which a second look finds as well.
 */
export function* surveyLasting(root: number, context: SurveyContext): Steps<SurveyRow[]> {
  const first = yield* surveyRows(yield* surveyTree(root), context);
  if (first.every(({ taker }) => taker !== null)) return first;
  const second = yield* surveyRows(yield* surveyTree(root), context);
  const again = second.filter(({ taker }) => taker === null);
  const lasting = new Set(again.map(sameResource));
  return first.filter((row) => row.taker !== null || lasting.has(sameResource(row)));
}

/**
 * What nobody would take of a tree that is about to be dumped. Waits for what passes by itself.
 * @param check called repeatedly; what it throws ends the survey
 */
export function surveyRefused(root: number, context: SurveyContext, check: () => void): SurveyRow[] {
  const until = performance.now() + passesMs;
  for (;;) {
    const refused = doSteps(surveyLasting(root, context), check).filter(({ taker }) => taker === null);
    if (!refused.some(({ passes }) => passes === true) || performance.now() > until) return refused;
    check();
    pause(stepMs);
  }
}

function sameResource({ pid, resource }: SurveyRow): string {
  return `${pid} ${resource}`;
}

function* surveyRows(tasks: readonly SurveyedTask[], { hooks, options }: SurveyContext): Steps<SurveyRow[]> {
  const { rows: files, externals, seen } = yield* surveyFiles(tasks, hooks, options);
  const relations = [
    ...whileItLives(() => recogniseTree({ tasks }).map((problem): SurveyRow => ({ ...problem, taker: null }))),
    ...whileItLives(() =>
      surveyKinds({ tasks }).map(({ by, ...row }): SurveyRow => ({ ...row, taker: { engine: by } })),
    ),
  ];
  const mapped = mappedFrom(externals);
  const [relationsOf, filesOf] = [byProcess(relations), byProcess(files)];
  const rows: SurveyRow[] = [];
  for (const task of tasks) {
    yield;
    rows.push(
      ...whileItLives(() => surveyTask(task, options)),
      ...relationsOf(task.pid),
      ...whileItLives(() => surveyMaps(task, readSmaps(task.pid), mapped, { hooks, options, seen })),
      ...filesOf(task.pid),
    );
  }
  return rows;
}

/** Rows by their process: trees have thousands of both. */
function byProcess(rows: readonly SurveyRow[]): (pid: number) => readonly SurveyRow[] {
  const grouped = new Map<number, SurveyRow[]>();
  for (const row of rows) {
    const known = grouped.get(row.pid);
    if (known === undefined) grouped.set(row.pid, [row]);
    else known.push(row);
  }
  return (pid) => grouped.get(pid) ?? [];
}

function whileItLives<T>(look: () => T[]): T[] {
  try {
    return look();
  } catch {
    // It ended meanwhile, so it is no longer part of the tree. The dump looks again once all are stopped.
    return [];
  }
}
