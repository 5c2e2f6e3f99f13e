import { EngineError, type Refusal } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import type { Session } from '../run/session.ts';

/** How long what passes by itself may take until the tree is refused, in milliseconds. */
const passesMs = 1000;
/** Between two looks, which change nothing: it may be gone for a moment only. */
const lookStepMs = 5;
/** Between two attempts, for which the tree stands still: twice as long each time, so that it gets somewhere in between. */
const [firstStepMs, longestStepMs] = [5, 80] as const;

/** Looks again while some of what it finds passes by itself. @param check called in between; what it throws ends it */
export function lookWhilePassing<T extends Pick<Refusal, 'passes'>>(look: () => T[], check: () => void): T[] {
  const again = turns(check, lookStepMs, lookStepMs);
  for (;;) {
    const found = look();
    if (!found.some(({ passes }) => passes === true) || !again()) return found;
  }
}

/**
 * Tries again what is refused for nothing but what passes by itself: the tree runs for a moment in between. Hooks are called once for each
 * resource of a dump, so a run with plugins is refused at once.
 * @param look waits, before each further attempt, until nothing of it is seen
 */
export function tryWhilePassing<T>(attempt: () => T, look: () => void, { hooks, checkAborted }: Session): T {
  const again = turns(checkAborted, firstStepMs, longestStepMs);
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (hooks.plugins.length > 0 || !isPassing(error) || !again()) throw error;
    }
    look();
  }
}

/** Waits for the next turn, and says whether there is one. */
function turns(check: () => void, first: number, longest: number): () => boolean {
  const until = performance.now() + passesMs;
  let stepMs = first;
  return () => {
    if (performance.now() > until) return false;
    check();
    pause(stepMs);
    stepMs = Math.min(2 * stepMs, longest);
    return true;
  };
}

function isPassing(error: unknown): boolean {
  const { refusals = [] } = error instanceof EngineError ? error : {};
  return refusals.length > 0 && refusals.every(({ passes }) => passes === true);
}
