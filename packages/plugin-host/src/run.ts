import { type Descriptors, noteDescriptors } from './descriptors.ts';
import type { HostError } from './errors.ts';
import type { Invocation } from './invocation.ts';
import type { Going } from './later.ts';
import type { Trail } from './trail.ts';

/** What all calls of one host share. What a plugin started in one run may still fail the next. */
export interface Run {
  /** Whether plugins' deeds are ours to answer for: while they are loaded, and from `start` to the end of `finish`. */
  active: boolean;
  /** Whether `finish` was called: nobody waits for a hook any more. */
  over: boolean;
  /** Milliseconds that one call may take. */
  readonly deadline: number;
  /** Aborting it ends all calls. */
  readonly signal: AbortSignal | undefined;
  /** How to fail each call that waits. */
  readonly waiting: Set<(error: HostError) => void>;
  /** What plugins did outside of any call; the next call fails with it. */
  readonly strays: HostError[];
  /** Whether the dump is whole: what plugins do from then on fails nothing. */
  sealed: boolean;
  /** Writes into the image that have not ended. */
  readonly writing: Set<Promise<unknown>>;
  /** What calls that took the image and wrote nothing have left going on. */
  readonly trails: Set<LeftBehind>;
  /** What calls of a restore have left for later. */
  readonly going: Set<Going>;
  /** Tells of what no run is left to fail for. */
  readonly warn: (error: HostError) => void;
  /** Told of what plugins do once the run is over; undefined: that takes its usual way. */
  readonly afterRun: ((error: HostError) => void) | undefined;
  /** Whose the descriptors of this process are. */
  readonly descriptors: Descriptors;
  /** Told before code of a plugin is called. */
  readonly onCall: ((call: PluginCall) => void) | undefined;
}

/** What is particular about the runs of a host. */
export interface RunSettings {
  /** Milliseconds that a call may take. */
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  readonly warn?: Run['warn'] | undefined;
  readonly afterRun?: Run['afterRun'];
  readonly isEngines?: ((fd: number) => boolean) | undefined;
  readonly onCall?: Run['onCall'];
}

/** Whose code is called, and for what. */
export interface PluginCall {
  readonly plugin: string;
  /** A hook's name, or `load`, `options`, `claim`, `init`, `exit`. */
  readonly hook: string;
  /** What it is about, in words. */
  readonly resource: string | undefined;
}

/** What a call that was answered has left going on. */
export interface LeftBehind {
  readonly call: Invocation<unknown>;
  readonly trail: Trail;
  /** Until when it is waited for, by performance.now(). */
  readonly until: number;
}

/** Makes what the calls of one host share, before any code of a plugin runs. */
export function createRun({ deadline, signal, warn = () => undefined, onCall, afterRun, isEngines }: RunSettings): Run {
  return {
    active: false,
    over: false,
    sealed: false,
    deadline,
    signal,
    warn,
    afterRun,
    descriptors: noteDescriptors(isEngines),
    onCall,
    waiting: new Set(),
    strays: [],
    writing: new Set(),
    trails: new Set(),
    going: new Set(),
  };
}

/** Fails every call that waits; without any, the next one. After the run it is only told. */
export function stray(run: Run, error: HostError): void {
  if (!run.active && run.afterRun !== undefined) {
    run.afterRun(error);
    return;
  }
  if (run.sealed || run.waiting.size === 0) run.strays.push(error);
  if (run.sealed) return;
  for (const fail of [...run.waiting]) fail(error);
}
