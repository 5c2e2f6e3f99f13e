import { type Engine, type EngineJob, toEngineError } from '@criujs/engine-kit';
import { checkPlatform, noImages, openPlugins, refuseNested } from '@criujs/engine-kit/front';
import { keepForeground } from './foreground.ts';
import { runThread } from './thread.ts';

/** The embedded engine: it works in its own thread, and asks the main thread for plugins and stores. */
export const embedded: Engine = {
  name: 'criujs',
  async dump(job) {
    const { pid, leaveRunning, dumpOnly, ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external, tcp } = job;
    const files = { ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external, tcp };
    const options = { pid, leaveRunning, dumpOnly, ...files };
    const work = { name: 'dump', options } as const;
    const { outcome, warnings } = await runThread({ work, job });
    return { ...outcome, warnings };
  },
  async restore(job) {
    const { newPids, allowClockBehind, allowGrownFiles, fileLocks, shellJob, extUnixSk, tcp, inheritFd, detach } = job;
    const files = { allowGrownFiles, fileLocks, shellJob, extUnixSk, tcp, inheritFd };
    const options = { newPids, allowClockBehind, ...files, detach };
    const work = { name: 'restore', options } as const;
    const takeForeground = shellJob && !detach ? keepForeground() : () => undefined;
    const { outcome, warnings, exited } = await runThread({ work, job, waitsForRoot: !detach });
    return { ...outcome, warnings, ...(exited === undefined ? {} : { exited: exited.finally(takeForeground) }) };
  },
  async check(signal) {
    checkPlatform();
    refuseNested('check()');
    try {
      const { outcome } = await runThread({ work: { name: 'check', options: {} }, job: lookingJob(signal) });
      return outcome;
    } catch (error) {
      throw toEngineError(error);
    }
  },
  plan: (row) => row,
};

/** A run without images and plugins. */
function lookingJob(signal: AbortSignal = new AbortController().signal): EngineJob {
  const images = noImages();
  return {
    images,
    plugins: openPlugins({}, 'restore', images),
    hookDeadlineMs: 10_000,
    lastWords: 'text',
    signal,
    phase: () => undefined,
    log: () => undefined,
    warn: () => undefined,
  };
}
