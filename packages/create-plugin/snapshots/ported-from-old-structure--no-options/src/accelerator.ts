import type { HookHandler } from '@criujs/plugin-sdk';

/**
 * Was crPluginPauseDevices(pid).
 * `pid` is the same. All plugins are called: there is nothing to decline.
 */
export const pause: HookHandler<'PAUSE_DEVICES'> = ({ pid }, { log }) => {
  log.debug(`process ${pid} is about to be frozen`);
};
