import type { HookHandler } from '@criujs/plugin-sdk';

/**
 * Was crPluginPauseDevices(process).
 * `process` is `pid` now.
 * All plugins are called: there is nothing to decline.
 */
export const pause: HookHandler<'PAUSE_DEVICES'> = ({ pid: process }, { log }) => {
  log.debug(`process ${process} is about to be frozen`);
};
