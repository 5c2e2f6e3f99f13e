import type { Context, Outcome, Stage } from '@criujs/plugin-sdk';

/**
 * Was crPluginFini().
 * It now gets stage and outcome, and is called after every init, even a failed one.
 */
export function exit(stage: Stage, outcome: Outcome, { log }: Context): void {
  log.debug(`${stage} has ended ${outcome.ok ? 'well' : `with ${outcome.error.message}`}`);
}
