import { trySyscall } from '@criujs/linux';
import { ioprioClass, ioprioThread } from '../../facts/scheduling.ts';
import type { ThreadKind } from './kind.ts';

/** Its share of the disks. The real-time class needs CAP_SYS_NICE. ioprio_set(2). */
export const ioPriority: ThreadKind = {
  name: 'I/O priority',
  describe: [{ subject: 'processes', taken: ['I/O priorities'] }],
  look({ tid }) {
    const found = priorityOf(tid);
    return found === 0 ? {} : { record: { ioPriority: found } };
  },
  calls(_, { tid, recorded }) {
    if (recorded === null) return [];
    const wanted = recorded.ioPriority ?? 0;
    if (wanted === priorityOf(tid)) return [];
    return [
      { name: 'ioprio_set', args: [ioprioThread, 0, wanted], optional: true, what: `set the I/O priority ${wanted}` },
    ];
  },
};

/** 0: none of its own. Without a class kernels give different levels. */
function priorityOf(tid: number): number {
  const found = trySyscall('ioprio_get', ioprioThread, tid);
  return found > 0 && ioprioClass(found) !== 0 ? found : 0;
}
