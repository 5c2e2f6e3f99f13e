import type { Exports } from './exports.ts';

/** What a module may look up while it is read: other modules, within limits. */
export interface Modules {
  /** The exports of the module that it names so; null: that is not read. */
  readonly open: (specifier: string) => Exports | null;
  /** Counts work. false: it was too much, and nothing more is looked at. */
  readonly spend: (steps: number) => boolean;
}

/** Expressions that are looked at for one plugin: names that stand for one another may be many more than their text. */
const mostSteps = 200_000;

/** Counts down from the most that is done for a plugin. */
export function budget(): Modules['spend'] {
  let left = mostSteps;
  return (steps) => {
    left -= steps;
    return left >= 0;
  };
}

/** For a text alone. */
export function noModules(): Modules {
  return { open: () => null, spend: budget() };
}
