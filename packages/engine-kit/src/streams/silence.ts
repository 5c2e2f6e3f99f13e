import { EngineError } from '../errors/errors.ts';

/** Milliseconds after which a silence is reported. */
const noticeMs = 2000;

/**
 * Called again and again while the other end of a stream does nothing: with the name of the image, and for how many milliseconds
 * it has not. What it throws ends the wait.
 */
export type Silence = (name: string, ms: number) => void;

/** What a wait for a stream reports to. */
export interface SilenceWatch {
  /** Throws when the run was aborted. */
  checkAborted(): void;
  notice(message: string): void;
}

/**
 * Waits this long for a silent stream, and reacts to an abort meanwhile.
 *
 * @param limitMs what a store may take, in milliseconds
 * @throws EngineError ABORTED, HOOK_TIMEOUT, out of the wait
 */
export function watchSilence(watch: SilenceWatch, limitMs: number): Silence {
  let noticed: string | null = null;
  return (name, ms) => {
    watch.checkAborted();
    if (ms >= noticeMs && noticed !== name) {
      noticed = name;
      watch.notice(`waiting for the image store: the stream of ${name}`);
    }
    if (ms >= limitMs) throw streamStalled(name, limitMs);
  };
}

/** The error for a stream of which nothing came, or that took nothing, for so long. */
export function streamStalled(name: string, limitMs: number): EngineError {
  return new EngineError('HOOK_TIMEOUT', `the image store does not serve its stream of ${name}; it had ${limitMs} ms`, {
    resource: name,
    remedy: 'Make it faster, or give it more time with hookDeadline.',
  });
}
