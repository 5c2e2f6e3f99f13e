import { readFileSync, readlinkSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { syscallNumbers } from '@criujs/linux';
import type { Control } from './link.ts';

// An abort as the main thread sees it. The engine's thread notices it itself, unless it has not started or the kernel holds it.

/** Milliseconds after an abort: until the wait for the engine's thread is reported, and until it is given up. */
const afterAbort = { noticeMs: 1000, giveUpMs: 10_000 } as const;

/** Who is notified of an abort. */
export interface AbortWatch {
  /** Rejects when the run is over without the engine's thread. */
  readonly over: Promise<never>;
  release(): void;
}

/**
 * Watches for an abort, and marks it in the memory that both threads share.
 *
 * @param begun whether the engine's thread has asked for anything yet; before that, it has nothing to clean up
 * @param notice is told what the run waits for
 */
export function watchAbort(
  signal: AbortSignal | undefined,
  control: Control,
  begun: () => boolean,
  notice: (message: string) => void,
): AbortWatch {
  const timers: NodeJS.Timeout[] = [];
  let heard = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    heard = () => {
      if (!begun()) return reject(new EngineError('ABORTED', 'the run was aborted before it began'));
      timers.push(
        setTimeout(
          () => notice(`waiting for the engine's thread, ${whatItDoes(control.thread())}`),
          afterAbort.noticeMs,
        ),
        setTimeout(() => reject(engineStuck(control.thread())), afterAbort.giveUpMs),
      );
    };
  });
  over.catch(() => undefined);
  const onAbort = (): void => heard();
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  return {
    over,
    release() {
      signal?.removeEventListener('abort', onAbort);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function engineStuck(tid: number): EngineError {
  const message = `the run was aborted, but the kernel holds the engine's thread, ${whatItDoes(tid)}`;
  return new EngineError('ENGINE_STUCK', message, {
    remedy: 'End this process: the kernel then releases what the engine holds, and the target runs on.',
  });
}

/** The system call that a thread of ours is in. proc_pid_syscall(5), proc_pid_stat(5). */
function whatItDoes(tid: number): string {
  const task = `/proc/self/task/${tid}`;
  try {
    const state = /\) (\S)/.exec(readFileSync(`${task}/stat`, 'latin1'))?.[1] ?? '?';
    const [number, first = ''] = readFileSync(`${task}/syscall`, 'latin1').split(' ');
    const name = Object.entries(syscallNumbers).find(([, it]) => it === Number(number))?.[0];
    if (name === undefined) return `which runs (state ${state})`;
    return `which is in ${name}(2)${fileOf(name, Number(first))} (state ${state})`;
  } catch {
    return 'which has ended';
  }
}

/** Calls whose first argument is a descriptor. */
const onFiles: ReadonlySet<string> = new Set(['read', 'write', 'pread64', 'pwrite64', 'fsync', 'ioctl', 'fstat']);

function fileOf(call: string, fd: number): string {
  if (!onFiles.has(call)) return '';
  try {
    return ` on ${readlinkSync(`/proc/self/fd/${fd}`)}`;
  } catch {
    return '';
  }
}
