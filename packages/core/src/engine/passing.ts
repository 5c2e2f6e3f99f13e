import { EngineError, type Refusal } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import type { Session } from '../run/session.ts';

/** How long what passes by itself may take until the tree is refused, in milliseconds. */
const passesMs = 1000;
/** Between two looks: twice as long each time, so that the tree gets somewhere in between. */
const [firstStepMs, longestStepMs] = [5, 80] as const;

/** Looks again while some of what it finds passes by itself. @param check called in between; what it throws ends it */
export function lookWhilePassing<T extends Pick<Refusal, 'passes'>>(look: () => T[], check: () => void): T[] {
  const again = turns(check);
  for (;;) {
    const found = look();
    if (!found.some(({ passes }) => passes === true) || !again()) return found;
  }
}

/**
 * Tries again what is refused for nothing but what passes by itself: the tree runs for a moment in between. Hooks are called once for each
 * resource of a dump, so a run with plugins is refused at once.
 */
export function tryWhilePassing<T>(attempt: () => T, { hooks, checkAborted }: Session): T {
  const again = turns(checkAborted);
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (hooks.plugins.length > 0 || !isPassing(error) || !again()) throw error;
    }
  }
}

/** Waits for the next turn, and says whether there is one. */
function turns(check: () => void): () => boolean {
  const until = performance.now() + passesMs;
  let stepMs: number = firstStepMs;
  return () => {
    if (performance.now() > until) return false;
    check();
    pause(stepMs);
    stepMs = Math.min(2 * stepMs, longestStepMs);
    return true;
  };
}

function isPassing(error: unknown): boolean {
  const { refusals = [] } = error instanceof EngineError ? error : {};
  return refusals.length > 0 && refusals.every(({ passes }) => passes === true);
}
