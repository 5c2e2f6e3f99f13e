import type { HostError } from './errors.ts';
import { isDebugged } from './facts/debugged.ts';
import type { Run } from './run.ts';

/** What ends a wait before its time. */
export interface Ends {
  /** What a plugin did outside of its calls. */
  fail(error: HostError): void;
  /** The run's signal; absent: it does not end the wait. */
  abort?: (() => void) | undefined;
  /** The deadline, unless somebody debugs this process; absent: there is none. */
  late?: (() => void) | undefined;
  /** Milliseconds. Default: those of a call. */
  readonly deadline?: number | undefined;
}

/** Listens for what ends a wait. Gives what stops the listening. */
export function listenForEnds(run: Run, { fail, abort, late, deadline = run.deadline }: Ends): () => void {
  const expire = (): void => {
    if (isDebugged()) timer?.refresh();
    else late?.();
  };
  const timer = late === undefined ? undefined : setTimeout(expire, deadline);
  const { signal } = run;
  if (abort !== undefined) signal?.addEventListener('abort', abort);
  run.waiting.add(fail);
  return () => {
    clearTimeout(timer);
    run.waiting.delete(fail);
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
  };
}
