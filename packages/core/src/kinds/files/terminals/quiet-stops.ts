import { arena, signals, syscall } from '@criujs/linux';

/** SIG_BLOCK and SIG_SETMASK of rt_sigprocmask(2), and the size of its sets. */
const block = 0;
const setMask = 2;
const setSize = 8;

/**
 * Makes calls about the controlling terminal that a process in the background may not make, unless it blocks SIGTTOU: it would be stopped.
 * tcsetpgrp(3). The raw call is about this thread only.
 */
export function withoutStops<T>(body: () => T): T {
  return arena.scope(() => {
    const wanted = arena.alloc(setSize);
    const before = arena.alloc(setSize);
    wanted.view.setBigUint64(0, 1n << BigInt(signals.SIGTTOU - 1), true);
    syscall('rt_sigprocmask', block, wanted.address, before.address, setSize);
    try {
      return body();
    } finally {
      syscall('rt_sigprocmask', setMask, before.address, 0, setSize);
    }
  });
}
