import { constants } from 'node:os';

type SignalName = NodeJS.Signals;

/** Signals that end a run. */
const ending: readonly SignalName[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals that a restored program gets when we do. */
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

/** An AbortSignal that the first of these signals aborts; the second ends the process at once. */
export function abortOnSignals(): {
  readonly signal: AbortSignal;
  readonly received: () => number | null;
  release(): void;
} {
  const controller = new AbortController();
  let received: number | null = null;
  const onSignal = (name: SignalName): void => {
    if (received !== null) {
      // The kernel lets go of whatever the engine holds.
      process.exit(codeOfSignal(constants.signals[name]));
    }
    received = constants.signals[name];
    controller.abort();
  };
  const release = listen(ending, onSignal);
  return { signal: controller.signal, received: () => received, release };
}

/** Sends our signals on to a process until `release`. */
export function forwardSignals(pid: number): { release(): void } {
  const release = listen(forwarded, (name) => {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended, which is told soon.
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
