import { hookTable } from '@criujs/plugin-sdk';
import { expect } from 'vitest';
import type { Call, Step } from '../observe.ts';
import type { Run } from '../scene.ts';

/** The calls of some steps, or of one. */
export function callsOf({ calls }: Run, steps: Step | readonly Step[], plugin?: string): readonly Call[] {
  return calls.filter(
    ({ step, plugin: own }) => [steps].flat().includes(step) && (plugin === undefined || own === plugin),
  );
}

/** Hooks that ask one plugin after the other. */
export const isHandler = (step: Step): boolean =>
  step === 'claim' || (step !== 'init' && step !== 'exit' && hookTable[step].kind === 'handler');

export const isHook = ({ step }: Call): boolean => step !== 'init' && step !== 'exit';

/** Where a step begins and ends among all calls of a run. */
export function spanOf(run: Run, steps: Step | readonly Step[]): { readonly first: number; readonly last: number } {
  const own = new Set(callsOf(run, steps));
  const at = run.calls.flatMap((call, index) => (own.has(call) ? [index] : []));
  if (at.length === 0) throw new Error(`${[steps].flat().join(', ')}: never called`);
  return { first: at[0] ?? 0, last: at.at(-1) ?? 0 };
}

/** Every call of the one comes before each of the other. */
export function expectBefore(run: Run, one: Step | readonly Step[], other: Step | readonly Step[]): void {
  expect(spanOf(run, one).last, `${[one]} before ${[other]}`).toBeLessThan(spanOf(run, other).first);
}

/** Processes in an order that has parents before their children. */
export function expectParentsFirst(run: Run, pids: readonly (number | undefined)[]): void {
  const tree = run.before;
  expect(pids.toSorted(), 'each of them once').toEqual(tree.toSorted());
  // programs/brood.c: a root and its children.
  expect(pids[0]).toBe(tree[0]);
}

/** What a call is about, for a comparison. */
export const resourceOf = ({ step, args }: Call): string =>
  `${step} ${String(args['id'] ?? args['inode'] ?? args['pid'] ?? args['mountpoint'] ?? args['index'] ?? args['address'] ?? '')}`;

/** All processes are there, traced, and none of their threads runs the program. */
export function expectStanding(calls: readonly Call[], pids: readonly number[]): void {
  expect(calls.length).toBeGreaterThan(0);
  const [first] = calls;
  for (const { tree, ticks } of calls) {
    expect(tree.map(({ pid }) => pid).toSorted()).toEqual(pids.toSorted());
    expect(tree.filter(({ tracer }) => tracer === 0)).toEqual([]);
    expect(ticks).toBe(first?.ticks);
  }
}

/** Images of processes and of what they share. */
export const processImages = (images: readonly string[] | null): readonly string[] =>
  (images ?? []).filter((name) => /^(core|mm|pagemap|pages|fs|ids|fdinfo)-.*\.img$/.test(name));

export function expectRunsOn(run: Run): void {
  expect(run.error).not.toBe(null);
  expect(run.hasImages).toBe(false);
  expect(run.after).toEqual(run.before);
}

export function expectNobodyLeft(run: Run & { readonly ran: boolean }): void {
  expect(run.error).not.toBe(null);
  expect(run.after).toEqual([]);
  expect(run.ran).toBe(false);
}
