import { readChildren, readMaps, readStat } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import { surveyFiles } from '../files/survey.ts';
import { recogniseMap } from '../memory/recognise.ts';
import type { PlanRow } from '../options.ts';
import { recogniseTask } from '../tasks/recognise.ts';
import { mapResource } from './dump/maps.ts';

/** A process of the tree, found by looking only. */
export interface SurveyedTask {
  readonly pid: number;
  readonly command: string;
}

/** The tree below a root, parents first. It runs meanwhile: what ends is left out. */
export function surveyTree(root: number): SurveyedTask[] {
  const tasks: SurveyedTask[] = [];
  const queue = [root];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    try {
      const stat = readStat(pid);
      if (stat.state !== 'Z') tasks.push({ pid, command: stat.comm });
      queue.push(...readChildren(pid));
    } catch (error) {
      if (pid === root) throw error;
    }
  }
  return tasks;
}

/** One row for each resource that matters, of a tree that runs: who takes it, or why nobody does. */
export function surveyRows(tasks: readonly SurveyedTask[], hooks: { serves(hook: HookName): boolean }): PlanRow[] {
  return [
    ...tasks.flatMap((task) => whileItLives(() => taskRows(task))),
    ...tasks.flatMap((task) => whileItLives(() => mapRows(task, hooks))),
    ...surveyFiles(tasks, hooks),
  ];
}

function taskRows(task: SurveyedTask): PlanRow[] {
  return recogniseTask(task.pid).map(({ resource, why, remedy }) => ({ ...task, resource, taker: null, why, remedy }));
}

function mapRows(task: SurveyedTask, hooks: { serves(hook: HookName): boolean }): PlanRow[] {
  return readMaps(task.pid).flatMap((vma): PlanRow[] => {
    const kind = recogniseMap(vma);
    const row = { ...task, resource: mapResource(vma) };
    if (kind.kind === 'refused') return [{ ...row, taker: null, why: kind.why, remedy: kind.remedy }];
    if (kind.kind !== 'external') return [];
    if (hooks.serves('DUMP_EXT_FILE')) return [{ ...row, taker: { plugin: null, hook: 'DUMP_EXT_FILE' } }];
    return [
      {
        ...row,
        taker: null,
        why: 'it is a map of a device that only a plugin could bring back',
        remedy: 'Load a plugin with a DUMP_EXT_FILE hook for it: --plugin PLUGIN.',
      },
    ];
  });
}

function whileItLives<T>(look: () => T[]): T[] {
  try {
    return look();
  } catch {
    // It ended while it was looked at: then it is no part of the tree any more. The dump looks again when all stand still.
    return [];
  }
}
