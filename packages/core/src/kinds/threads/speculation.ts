import { prctl } from '../../facts/prctl.ts';
import type { ThreadKind } from './kind.ts';

/** PR_SPEC_PRCTL: it can be set for each thread. PR_SET_SPECULATION_CTRL(2const). */
const settable = 1;
const enabled = 2;
const disabled = 4;

/** What threads begin with, by the number of the feature: store bypass, indirect branches, flushes of the level 1 cache. */
const defaults = [enabled, enabled, disabled] as const;

/** Which speculation of the processor it has turned off. PR_SET_SPECULATION_CTRL(2const). */
export const speculation: ThreadKind = {
  name: 'speculation control',
  describe: [{ subject: 'processor', taken: ['speculation control'] }],
  ask: () => ({
    calls: defaults.map((_, feature) => ['prctl', prctl.getSpeculation, feature, 0, 0, 0]),
    answer(found) {
      const set = speculationOf(found);
      return set.length === 0 ? {} : { record: { speculation: set } };
    },
  }),
  calls: (_, { recorded }) =>
    (recorded?.speculation ?? []).map(({ feature, control }) => ({
      name: 'prctl',
      args: [prctl.setSpeculation, feature, control, 0, 0],
      optional: true,
      what: `set the speculation control of feature ${feature}`,
    })),
};

/** @param found what PR_GET_SPECULATION_CTRL answered for each feature */
export function speculationOf(found: readonly number[]): { readonly feature: number; readonly control: number }[] {
  return found.flatMap((answer, feature) => {
    if (answer < 0 || (answer & settable) === 0) return [];
    const control = answer & ~settable;
    return control === defaults[feature] ? [] : [{ feature, control }];
  });
}
