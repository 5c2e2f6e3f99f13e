import { EngineError } from '@criujs/engine-kit';
import type { RemoteCall } from '@criujs/linux';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { mapsOf } from '../../machinery/freeze/maps-of.ts';
import { ringLink } from '../files/rings/setup.ts';
import type { ProcessKind, ProcessPart, Talk } from './kind.ts';

/** IORING_ENTER_REGISTERED_RING: the ring is named by its place in a list of the thread's, which has room for 16. io_uring_enter(2) */
const registered = { flag: 0x10, most: 16 } as const;

/** Rings that a thread has registered with itself (IORING_REGISTER_RING_FDS): only the thread can tell. io_uring_register(2) */
export const registeredRings: ProcessKind = {
  name: 'registered rings',
  describe: [],
  converse: () => refuseRegistered,
};

function refuseRegistered(task: FrozenTask, talk: Talk): ProcessPart {
  if (!mapsOf(task).some(({ name }) => name === ringLink)) return {};
  // Each submits nothing and waits for nothing.
  const calls = Array.from({ length: registered.most }, (_, at): RemoteCall => {
    return ['io_uring_enter', at, 0, 0, registered.flag, 0, 0];
  });
  task.threads.forEach(({ tid }, at) => {
    if (talk.run(at, calls).some((answer) => answer >= 0)) throw refused(task, tid);
  });
  return {};
}

function refused({ pid, command }: FrozenTask, tid: number): EngineError {
  const what = `thread ${tid} has a ring of io_uring registered with itself (IORING_REGISTER_RING_FDS), which is not supported yet`;
  return new EngineError('UNSUPPORTED', `${pid} (${command}): ${what}`, {
    pid,
    remedy: 'Let the program take it back before the dump (io_uring_unregister_ring_fd of liburing).',
  });
}
