import { constants } from 'node:os';

type SignalName = NodeJS.Signals;

/** Signals that end a run. */
const ending: readonly SignalName[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals forwarded to a restored program. */
const forwarded: readonly SignalName[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGWINCH',
];

/** The exit code of a program that a signal ended, as shells give it. */
export function codeOfSignal(signal: number): number {
  return 128 + signal;
}

/** Milliseconds that a run has to end after the first signal. Until then further signals have no effect. */
const endingMs = 5000;

/**
 * An AbortSignal that the first of these signals aborts. Further signals have no effect while the run ends; if that takes too
 * long, the next one ends the process at once, and the kernel releases whatever the engine holds.
 */
export function abortOnSignals(): {
  readonly signal: AbortSignal;
  readonly received: () => number | null;
  /** After a signal this process ignores further ones: it is about to exit. */
  release(): void;
} {
  const controller = new AbortController();
  let first: { readonly number: number; readonly at: number } | null = null;
  const onSignal = (name: SignalName): void => {
    if (first === null) {
      first = { number: constants.signals[name], at: performance.now() };
      controller.abort();
    } else if (performance.now() - first.at > endingMs) void endAtOnce(codeOfSignal(first.number));
  };
  const stopListening = listen(ending, onSignal);
  return {
    signal: controller.signal,
    received: () => first?.number ?? null,
    release() {
      if (first === null) stopListening();
    },
  };
}

/** Ends the process without waiting for its threads, as process.exit() would: one may be held by the kernel. exit_group(2). */
export async function endAtOnce(code: number): Promise<never> {
  const { syscall } = await import('@criujs/linux');
  syscall('exit_group', code);
  throw new Error('exit_group returned');
}

/** Sends our signals on to a process until `release`. */
export function forwardSignals(pid: number): { release(): void } {
  const release = listen(forwarded, (name) => {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended, which is reported soon.
    }
  });
  return { release };
}

function listen(names: readonly SignalName[], handler: (name: SignalName) => void): () => void {
  for (const name of names) process.on(name, handler);
  return () => {
    for (const name of names) process.off(name, handler);
  };
}
