import type { Context, HookHandler, Outcome, Stage } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/**
 * Was radio_init(int stage).
 * The stages 0, 1 and 2 are 'dump', 'pre-dump' and 'restore'. A negative answer is a thrown error now.
 */
export function init(stage: Stage, { log }: Context<Options>): void {
  log.debug(`${stage} begins`);
}

/**
 * Was radio_exit(int stage, int ret).
 * `ret` is `outcome` now, with the error that the run failed with. It is called after every init, failed ones too.
 */
export function exit(stage: Stage, outcome: Outcome, { log }: Context<Options>): void {
  log.debug(`${stage} has ended ${outcome.ok ? 'well' : `with ${outcome.error.message}`}`);
}

/**
 * Was radio_post_forking(void).
 * All plugins are called: there is nothing to decline.
 */
export const afterForking: HookHandler<'POST_FORKING', Options> = (_args, { log }) => {
  log.debug('all processes were forked');
};

/**
 * Was radio_restore_init(void).
 * All plugins are called: there is nothing to decline.
 */
export const beforeRestore: HookHandler<'RESTORE_INIT', Options> = (_args, { log }) => {
  log.debug('a restore begins');
};
