import { EngineError } from '@criujs/engine-kit';
import { ptraceOption } from '@criujs/linux';
import type { TreeImage } from '../../engine/restore/read.ts';
import { seccompMode } from '../../facts/seccomp.ts';
import { whyNotSuspended } from '../../machinery/freeze/suspend.ts';
import type { LoadContext, LoadedTree, TreeKind } from './kind.ts';
import { filtersOf } from './seccomp-chains.ts';
import { limitsOf, modeOf } from './seccomp-load.ts';
import { threadSteps } from './seccomp-threads.ts';

/** Strict mode and filters of system calls: what each thread may call, and what threads have in common. seccomp(2). */
export const seccomp: TreeKind = {
  name: 'seccomp filters',
  describe: [
    {
      subject: 'processes',
      taken: ['seccomp: strict mode and filters (needs root)'],
      refused: ['seccomp filters that ask another process (user notification)'],
    },
  ],
  ofThreads: (tree) => filtersOf(tree).ofThread,
  save: (tree, { images }) =>
    images.write('SECCOMP', 'seccomp.img', [{ message: { seccompFilters: [...filtersOf(tree).list] } }]),
  load,
};

function load({ tasks }: TreeImage, { readOne }: LoadContext): LoadedTree | undefined {
  const living = tasks.filter((task) => task.state !== 'zombie');
  const modes = new Set(living.flatMap(({ cores }) => cores.map(modeOf)));
  modes.delete(seccompMode.disabled);
  if (modes.size === 0) return undefined;
  const filters = modes.has(seccompMode.filter) ? readOne('SECCOMP', 'seccomp.img').seccompFilters : [];
  const limits = new Map(living.map((image) => [image, limitsOf(image, filters)]));
  const why = whyNotSuspended();
  if (why !== null)
    throw new EngineError('NOT_PERMITTED', `cannot restore seccomp filters: ${why}`, {
      remedy: 'Restore it as root (CAP_SYS_ADMIN), outside of containers with a seccomp profile.',
    });
  return {
    traceOptions: ptraceOption.SUSPEND_SECCOMP,
    threadSteps: (image, isLimited) => threadSteps(limits.get(image) ?? [], isLimited),
  };
}
