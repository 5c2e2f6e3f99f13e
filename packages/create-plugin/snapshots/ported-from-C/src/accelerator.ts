import type { HookHandler } from '@criujs/plugin-sdk';
import type { Options } from './options.ts';

/**
 * Was radio_resume_devices_late(int pid).
 * All plugins are called, and a failure counts.
 */
export const resume: HookHandler<'RESUME_DEVICES_LATE', Options> = ({ pid }, { log }) => {
  log.debug(`process ${pid} is about to run`);
};

/**
 * Was radio_pause_devices(int pid).
 * All plugins are called: there is nothing to decline.
 */
export const pause: HookHandler<'PAUSE_DEVICES', Options> = ({ pid }, { log }) => {
  log.debug(`process ${pid} is about to be frozen`);
};

/**
 * Was radio_checkpoint_devices(int pid).
 * All plugins are called: there is nothing to decline.
 */
export const checkpoint: HookHandler<'CHECKPOINT_DEVICES', Options> = ({ pid }, { log }) => {
  log.debug(`process ${pid} is frozen`);
};

/**
 * Was radio_dump_devices_late(int id).
 * `id` is `pid` now.
 * `pid` is that of the root of the tree. All plugins are called: there is nothing to decline.
 */
export const afterDump: HookHandler<'DUMP_DEVICES_LATE', Options> = ({ pid }, { log }) => {
  log.debug(`the tree of ${pid} is dumped`);
};
