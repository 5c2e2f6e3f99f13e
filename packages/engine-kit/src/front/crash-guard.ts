import { type CrashHandler, installCrashHandler, type LastWords } from '@criujs/linux';
import type { PluginCall } from '@criujs/plugin-host';
import { type CrashFacts, type CrashMoment, crashWords } from './crash-words.ts';

/** Names the plugin that was called last where the process itself ends: nothing could be thrown there. */
export interface CrashGuard {
  /** Code of a plugin is called now. */
  called(call: PluginCall): void;
  /** The run has come that far. */
  reached(moment: CrashMoment): void;
  release(): void;
}

/** The one handler of this process, and the last words of each run, that of the latest call last. */
let shared: { readonly handler: CrashHandler; readonly runs: Map<CrashGuard, LastWords> } | null = null;

/** Begins to guard a run. Nothing is installed before code of a plugin is called, nor where it cannot be. */
export function guardCrashes({ stage, lastWords }: Pick<CrashFacts, 'stage' | 'lastWords'>): CrashGuard {
  let moment: CrashMoment = 'works';
  let last: PluginCall | null = null;
  let released = false;
  const update = (): void => {
    if (last !== null && !released) say(guard, crashWords({ call: last, stage, moment, lastWords }));
  };
  const guard: CrashGuard = {
    called(call) {
      last = call;
      update();
    },
    reached(now) {
      moment = now;
      update();
    },
    release() {
      released = true;
      forget(guard);
    },
  };
  return guard;
}

function say(guard: CrashGuard, words: LastWords): void {
  shared ??= install();
  if (shared === null) return;
  shared.runs.delete(guard);
  shared.runs.set(guard, words);
  shared.handler.say(words);
}

function forget(guard: CrashGuard): void {
  if (shared === null || !shared.runs.delete(guard)) return;
  const words = [...shared.runs.values()].at(-1);
  if (words !== undefined) {
    shared.handler.say(words);
    return;
  }
  shared.handler.uninstall();
  shared = null;
}

function install(): typeof shared {
  try {
    const handler = installCrashHandler();
    return handler === null ? null : { handler, runs: new Map() };
  } catch {
    // Without it everything works but the name of who ended the process.
    return null;
  }
}
