import { arena, readStat, signals, syscall } from '@criujs/linux';
import type { Session } from '../../run/session.ts';

/** `struct sigaction` of the kernel: handler, flags, restorer, mask. rt_sigaction(2). */
const action = { size: 32, flags: 8, setSize: 8 } as const;
/** SA_NOCLDSTOP: a child that only stops is not reported. sigaction(2). */
const noChildStops = 1n;

/** Whether a process is a child of this one, and so perhaps one that Node itself started and waits for. */
export function isOwnChild(pid: number): boolean {
  return readStat(pid).ppid === process.pid;
}

/**
 * Runs `body` without SIGCHLD reaching Node's event loop. Node asks for its children at every such signal, and would take
 * the stops of a traced child for its end. While a plugin is asked, the signal arrives as usual, so that plugins can run
 * programs: all stops have been consumed by then.
 */
export function withoutChildSignals<T>(session: Session, body: (session: Session) => T): T {
  const original = hold();
  let held: Buffer = original;
  const meanwhile = <A extends unknown[], R>(ask: (...args: A) => R) => {
    return (...args: A): R => {
      release(held, noChildStops);
      try {
        return ask(...args);
      } finally {
        const found = hold();
        // A plugin's first program makes Node set its handler; otherwise it is the one that was put back.
        if (!sameHandler(found, original)) held = found;
      }
    };
  };
  const { hooks, store } = session;
  try {
    return body({
      ...session,
      hooks: { ...hooks, call: meanwhile(hooks.call) as typeof hooks.call },
      store: { ...store, open: meanwhile(store.open), write: meanwhile(store.write) },
    });
  } finally {
    release(held, 0n);
  }
}

/** Sets the default action, which is to do nothing; gives what was there before. */
function hold(): Buffer {
  return exchange(Buffer.alloc(action.size));
}

/** Puts the handler back, and lets it look for what has ended meanwhile. */
function release(before: Buffer, flag: bigint): void {
  const handler = Buffer.from(before);
  handler.writeBigUInt64LE(before.readBigUInt64LE(action.flags) | flag, action.flags);
  exchange(handler);
  process.kill(process.pid, 'SIGCHLD');
}

function sameHandler(a: Buffer, b: Buffer): boolean {
  return a.readBigUInt64LE(0) === b.readBigUInt64LE(0);
}

function exchange(next: Buffer): Buffer {
  return arena.scope(() => {
    const now = arena.alloc(action.size);
    const before = arena.alloc(action.size);
    now.bytes.set(next);
    syscall('rt_sigaction', signals.SIGCHLD, now.address, before.address, action.setSize);
    return Buffer.from(before.bytes);
  });
}
