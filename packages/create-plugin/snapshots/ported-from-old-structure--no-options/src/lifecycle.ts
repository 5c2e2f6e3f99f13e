import type { Context, Outcome, Stage } from '@criujs/plugin-sdk';

/**
 * Was crPluginFini().
 * It is told stage and outcome now, and is called after every init, failed ones too.
 */
export function exit(stage: Stage, outcome: Outcome, { log }: Context): void {
  log.debug(`${stage} has ended ${outcome.ok ? 'well' : `with ${outcome.error.message}`}`);
}
