import { endProcess } from '@criujs/engine-kit/targets';
import { flushed } from './output.ts';

let othersRan = false;

/** Tells that code ran that is not ours, and that may want to hear of the end of Node. */
export function codeOfOthersRan(): void {
  othersRan = true;
}

/**
 * Ends this process, when what was printed is out: a plugin may have left a timer or a socket behind.
 * @param atOnce by a system call, if nobody could miss Node's own way out: it first ends the engine's thread and gives back all
 *   memory, some 10 ms, which the kernel does anyway. A thread that Node ends while it loads koffi takes the process along (SIGABRT):
 *   so wrong arguments leave at once, too
 */
export async function leave(code: number, atOnce: boolean): Promise<never> {
  await flushed();
  try {
    if (atOnce && !othersRan && !isWatched()) return endProcess(code);
  } catch {
    // No system calls here: what failed for that reason has been told.
  }
  // What a plugin did after a run that went well is in process.exitCode.
  return process.exit(code || process.exitCode);
}

/** Whether somebody waits for Node's own end: a listener, a profiler, a measurement of what tests cover. */
function isWatched(): boolean {
  const { NODE_OPTIONS = '', NODE_V8_COVERAGE = '' } = process.env;
  return (
    process.exitCode !== undefined ||
    process.listenerCount('exit') > 0 ||
    process.execArgv.length > 0 ||
    NODE_OPTIONS + NODE_V8_COVERAGE !== ''
  );
}
