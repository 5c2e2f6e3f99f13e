import { isDebugged } from '@criujs/plugin-host/facts';
import type { NamedPlugins } from './options.ts';

/** The longest that a timer of Node can take: no breakpoint is waited at for 24 days. */
const endlessMs = 2 ** 31 - 1;

/**
 * The deadline that other threads and processes keep for plugins: they cannot see a debugger that holds this one, so they keep none
 * in a run that begins while one may. The host of the plugins looks again at each deadline.
 */
export function watchedDeadline(deadlineMs: number): number {
  return isDebugged() ? endlessMs : deadlineMs;
}

/** Says so in the log (`-v`), if there are plugins to debug. */
export function noticeDebugger({ plugins = [], onLog }: Pick<NamedPlugins, 'plugins' | 'onLog'>): void {
  if (plugins.length === 0 || !isDebugged()) return;
  onLog?.({ level: 'debug', message: 'an inspector is open: plugins have no deadline in this run' });
}
