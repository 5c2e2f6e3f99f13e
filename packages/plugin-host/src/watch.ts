import { AsyncLocalStorage } from 'node:async_hooks';
import type { PluginCall } from './run.ts';

/** Someone whose code runs, and who is told what it did to the whole process. */
export interface Suspect {
  /** What it was asked and has not answered yet; null once it has. */
  asked(): PluginCall | null;
  /** Whether the run that it belongs to still goes on: if not, its deeds take their usual way. */
  watched(): boolean;
  /** It called this function that ends the process. Gives the error to throw into it. */
  exited(call: string): Error;
  /** It threw, or left a rejection, where nobody could catch it. */
  threw(thrown: unknown): void;
}

/** Tells whose code runs, also after awaits and in timers. */
const suspects = new AsyncLocalStorage<Suspect>();

/** Runs code of a plugin. What it starts, and what runs later because of it, is known as its own. */
export function runAs<T>(suspect: Suspect, body: () => T): T {
  return suspects.run(suspect, body);
}

/** Whose code runs now. */
export function runningSuspect(): Suspect | undefined {
  return suspects.getStore();
}

/** The plugin whose code runs now, while it is asked something: whoever waits for its answer waits for what it awaits. */
export function askedPlugin(): PluginCall | null {
  return suspects.getStore()?.asked() ?? null;
}

/** Runs code of ours that a plugin called. */
export function runAsNobody<T>(body: () => T): T {
  return suspects.exit(body);
}

let watchers = 0;
let unwatch: (() => void) | undefined;

/**
 * Until the returned function is called, plugins cannot end this process: `process.exit`, `reallyExit` and `abort` throw
 * in their code, and what they throw into the void is theirs to answer for. All other code notices nothing.
 */
export function watchProcess(): () => void {
  watchers += 1;
  if (watchers === 1) unwatch = install();
  let done = false;
  return () => {
    if (done) return;
    done = true;
    watchers -= 1;
    if (watchers === 0) unwatch?.();
  };
}

/** Watches until what an error of ours leads to in a plugin has surfaced: that is in the loop's next turn. */
export function holdWatch(done: () => void): void {
  const unwatch = watchProcess();
  setImmediate(() => {
    unwatch();
    done();
  });
}

function install(): () => void {
  const undo = (['exit', 'reallyExit', 'abort'] as const).map(guardCall);
  process.on('uncaughtException', onUncaught);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onUncaught);
    process.off('unhandledRejection', onRejection);
    for (const it of undo) it();
  };
}

/** `reallyExit` is in no type declaration: it is what `exit` calls last. */
type Ending = Record<'exit' | 'reallyExit' | 'abort', (...args: unknown[]) => never>;

function guardCall(name: keyof Ending): () => void {
  const owner = process as unknown as Ending;
  const original = owner[name];
  const guard = (...args: unknown[]): never => {
    const suspect = currentSuspect();
    if (suspect === undefined) return Reflect.apply(original, process, args) as never;
    throw suspect.exited(`process.${name}(${args.map(String).join(', ')})`);
  };
  owner[name] = guard;
  return () => {
    // Somebody may have wrapped it meanwhile; then ours stays inside theirs and passes every call on.
    if (owner[name] === guard) owner[name] = original;
  };
}

function currentSuspect(): Suspect | undefined {
  const suspect = suspects.getStore();
  return suspect?.watched() ? suspect : undefined;
}

function onUncaught(thrown: unknown): void {
  const suspect = currentSuspect();
  suspect?.threw(thrown);
  // Our listener alone keeps the process alive: take it away and let the error do what it would have done without us.
  if (suspect !== undefined || process.listenerCount('uncaughtException') > 1) return;
  process.off('uncaughtException', onUncaught);
  process.nextTick(() => {
    throw thrown;
  });
}

function onRejection(reason: unknown): void {
  const suspect = currentSuspect();
  suspect?.threw(reason);
  if (suspect !== undefined || process.listenerCount('unhandledRejection') > 1) return;
  // As above; where rejections only warn (--unhandled-rejections), the watch must go on afterwards.
  process.off('unhandledRejection', onRejection);
  Promise.reject(reason);
  setImmediate(() => {
    if (watchers > 0) process.on('unhandledRejection', onRejection);
  });
}
