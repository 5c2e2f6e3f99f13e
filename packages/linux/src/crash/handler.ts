import { type SignalName, signals } from '../signals.ts';
import { type Action, actionFlag, defaultHandler, ignoringHandler, readAction, setAction } from './actions.ts';
import { type CrashMemory, crashMemory, type LastWords } from './memory.ts';
import { makeSpare } from './spare.ts';

export type { CrashText, LastWords } from './memory.ts';

/** What has the last word in a process that one of its signals ends. */
export interface CrashHandler {
  /** Makes this the last words, at once and without a system call; null: there are none, and the signal ends the process. */
  say(words: LastWords | null): void;
  /** Settles once the words reach descriptors 1 and 2 of now also when these numbers are closed. It never rejects. */
  readonly spared: Promise<void>;
  /** Puts the actions back that were there, unless somebody has changed them meanwhile. */
  uninstall(): void;
}

/** Signals by which a program ends that went wrong, signal(7). */
const fatal = ['SIGABRT', 'SIGILL', 'SIGTRAP', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const satisfies readonly SignalName[];

/** Signals whose handler is somebody's who has replaced ours, and may call it: we must not call that one. */
const taken = new Set<number>();

/**
 * Installs a handler of the signals by which a program that went wrong ends: it writes prepared words, without Node and without the
 * C library, both of which may be what went wrong. Whoever has a handler keeps it; that of SIGSEGV (Node's, for WebAssembly) is
 * asked first, and what it takes back is no crash.
 * @returns null where another handler has SIGABRT, such as that of another thread
 * @throws LinuxError where the platform is not supported, or the kernel refuses it
 */
export function installCrashHandler(): CrashHandler | null {
  if (readAction(signals.SIGABRT).handler !== defaultHandler) return null;
  const memory = crashMemory();
  const replaced = fatal.flatMap((name) => replace(signals[name], memory));
  const descriptors = { errors: 2, output: 1 };
  let current: LastWords | null = null;
  const say = (words: LastWords | null): void => {
    current = words;
    if (words === null) memory.hush();
    else memory.say(words, descriptors);
  };
  const spares = (['errors', 'output'] as const).map((name) =>
    makeSpare(descriptors[name], (spare) => {
      descriptors[name] = spare;
      say(current);
    }),
  );
  return {
    say,
    spared: Promise.all(spares.map(({ made }) => made)).then(() => undefined),
    uninstall() {
      say(null);
      for (const { signal, old } of replaced.splice(0)) {
        if (readAction(signal).handler === memory.handler) setAction(signal, old);
        else taken.add(signal);
      }
      for (const spare of spares) spare.close();
    },
  };
}

interface Replaced {
  readonly signal: number;
  readonly old: Action;
}

/** Replaces the default action, and that of SIGSEGV if it can be asked first. */
function replace(signal: number, memory: CrashMemory): Replaced[] {
  const old = readAction(signal);
  const isDefault = old.handler === defaultHandler;
  if (!isDefault && !mayBeAsked(signal, old)) return [];
  if (signal === signals.SIGSEGV) memory.setPrevious(isDefault ? 0 : old.handler);
  const kept = isDefault ? 0 : old.flags;
  setAction(signal, {
    handler: memory.handler,
    flags: withFlags(kept, 'SA_SIGINFO', 'SA_RESTORER', 'SA_ONSTACK'),
    restorer: memory.restorer,
    mask: isDefault ? 0n : old.mask,
  });
  return [{ signal, old }];
}

function mayBeAsked(signal: number, action: Action): boolean {
  if (signal !== signals.SIGSEGV || taken.has(signal)) return false;
  return action.handler !== ignoringHandler && !hasFlag(action, 'SA_RESETHAND');
}

function hasFlag({ flags }: Action, flag: keyof typeof actionFlag): boolean {
  return (BigInt(flags) & BigInt(actionFlag[flag])) !== 0n;
}

function withFlags(flags: number, ...added: readonly (keyof typeof actionFlag)[]): number {
  return Number(added.reduce((all, flag) => all | BigInt(actionFlag[flag]), BigInt(flags)));
}
