import type { FolderJob } from '@criujs/engine-kit';
import { breakpointsWork } from '@criujs/linux';

/** CRIU's switch against breakpoints in hardware, FI_NO_BREAKPOINTS in its `fault-injection.h`; since 2.10. */
const variable = 'CRIU_FAULT';
const noBreakpoints = '130';

/**
 * What CRIU's environment needs where breakpoints in hardware are taken and never reported, as on some virtual machines:
 * CRIU would wait for one for ever. Who sets the variable, decides.
 */
export function withoutBreakpoints({ log }: Pick<FolderJob, 'log'>): Readonly<Record<string, string>> {
  if (process.env[variable] !== undefined || breakpointsWork() !== false) return {};
  const how = `CRIU runs without them (${variable}=${noBreakpoints})`;
  log({ level: 'debug', message: `this machine's breakpoints in hardware do not work: ${how}` });
  return { [variable]: noBreakpoints };
}
