import type { HookName, Plugin } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { type ConformanceOptions, type ConformanceSpec, checkNames, runCheck, specOf } from './conformance.ts';
import { type ClaimWanted, type MatcherResult, matchers } from './matchers.ts';

export { type ClaimWanted, type MatcherResult, matchers } from './matchers.ts';

/** What this module adds to `expect`. */
export interface KitMatchers<R = unknown> {
  /** Some plugin claimed something by this hook; which one, and what, may be said. */
  toHaveClaimed(hook: HookName, wanted?: ClaimWanted): R;
  /** Some plugin was asked by this hook and declined. */
  toHaveDeclined(hook: HookName, plugin?: string): R;
  /** The run failed with an error of this code. */
  toHaveFailedWith(code: string, message?: string | RegExp): R;
  /** These hooks were called, in this order; others may stand between. */
  toHaveCalled(...hooks: readonly HookName[]): R;
  /** A plugin logged this. */
  toHaveLogged(message: string | RegExp): R;
  /** All who began have exited, without an error, and heard how the run went. */
  toHaveExitedCleanly(): R;
  /** A replay had the answers of the record. */
  toHaveReplayed(): R;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: it must have the type parameter of vitest's own
  interface Matchers<T = any> extends KitMatchers<T> {}
}

expect.extend(matchers as unknown as Record<string, (received: unknown, ...args: unknown[]) => MatcherResult>);

/** The checks of `conformance`, each as a test. */
export function describeConformance(of: string | Plugin | ConformanceSpec, options: ConformanceOptions = {}): void {
  const spec = specOf(of, options);
  const name = typeof spec.plugin === 'string' ? spec.plugin : spec.plugin.name;
  describe(`conformance of ${name}`, () => {
    for (const check of checkNames) {
      test(check, async (context) => {
        const { status, why } = await runCheck(spec, check);
        if (status === 'skipped') context.skip(why);
        expect(why, `${name}: ${check}`).toBeUndefined();
      });
    }
  });
}
