import { type HookName, hookTable, isHookName } from '@criujs/plugin-sdk';
import { KitError } from './errors.ts';

/** Where a fault strikes. */
export interface FaultPoint {
  /** Default: any hook. */
  readonly hook?: HookName | 'init' | 'exit' | undefined;
  /** Default: any plugin. */
  readonly plugin?: string | undefined;
  /** Which of the calls that fit, counted from 1. Default 1. */
  readonly call?: number | 'every' | undefined;
}

/** What goes wrong, on demand. */
export type Fault = FaultPoint &
  (
    | /** The plugin declines; its own code is not asked. Handlers only. */ { readonly fault: 'refused' }
    /** The plugin's code is not reached: the call fails with this errno (a name or a number). */
    | { readonly fault: 'errno'; readonly errno: string | number }
    /** The plugin answers this many milliseconds later; without `ms` just after the deadline. */
    | { readonly fault: 'slow'; readonly ms?: number | undefined }
    /** The run is aborted while the plugin works. */
    | { readonly fault: 'interrupted' }
    /** The plugin answers, then the engine fails. */
    | { readonly fault: 'engine-failed' }
    /** The process that hosts the plugins is gone after the plugin answered: no further call, no exit. */
    | { readonly fault: 'host-gone' }
  );

/** The faults of one run, and which of them have struck. */
export interface FaultPlan {
  /** The fault that strikes at this call, if any. */
  next(plugin: string, hook: HookName | 'init' | 'exit'): Fault | undefined;
  readonly struck: readonly Fault[];
}

/** @throws KitError BAD_FAULT */
export function planFaults(faults: readonly Fault[]): FaultPlan {
  for (const fault of faults) check(fault);
  const seen = new Map<Fault, number>();
  const struck: Fault[] = [];
  return {
    struck,
    next(plugin, hook) {
      const fitting = faults.filter((it) => fits(it, plugin, hook));
      for (const it of fitting) seen.set(it, (seen.get(it) ?? 0) + 1);
      const fault = fitting.find((it) => it.call === 'every' || (it.call ?? 1) === seen.get(it));
      if (fault !== undefined) struck.push(fault);
      return fault;
    },
  };
}

/** Whether some call of this run is to last until its deadline. */
export function waitsForDeadline(faults: readonly Fault[]): boolean {
  return faults.some((it) => it.fault === 'slow' && it.ms === undefined);
}

function fits({ hook, plugin: wanted = '', fault }: Fault, plugin: string, at: HookName | 'init' | 'exit'): boolean {
  if (wanted !== '' && wanted !== plugin) return false;
  if (hook !== undefined) return hook === at;
  // "Any hook" means hooks; and observers cannot decline.
  return isHookName(at) && (fault !== 'refused' || hookTable[at].kind === 'handler');
}

function check({ hook, call = 1, fault }: Fault): void {
  const isHandler = hook === undefined || (isHookName(hook) && hookTable[hook].kind === 'handler');
  if (fault === 'refused' && !isHandler) {
    throw new KitError('BAD_FAULT', `${hook} cannot be refused: only handlers decline`, {
      remedy: "Take another fault, for example 'errno'.",
    });
  }
  if (call !== 'every' && !(Number.isInteger(call) && call > 0)) {
    throw new KitError('BAD_FAULT', `call ${call} of ${hook ?? 'any hook'}: calls are counted from 1`, {
      remedy: "Give a number from 1 on, or 'every'.",
    });
  }
}
