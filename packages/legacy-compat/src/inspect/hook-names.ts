import { type HookName, hookTable, isHookName } from '@criujs/plugin-sdk';
import type { InspectedHook, UnknownHook } from './inspection.ts';

/** What CRIU puts before the names of hooks in C. */
const prefix = 'CR_PLUGIN_HOOK__';
const inOrder: readonly HookName[] = Object.keys(hookTable) as HookName[];

/** The hook of `CR_PLUGIN_HOOK__…`, of a bare name, or of CRIU's number; undefined: there is none. */
function hookOf(key: string | number): HookName | undefined {
  if (typeof key === 'number' || /^\d+$/.test(key)) return inOrder[Number(key)];
  const bare = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return isHookName(bare) ? bare : undefined;
}

/** One registration, as found. */
export interface Registration {
  readonly key: string | number;
  readonly function: string | null;
  readonly parameters?: readonly string[] | null;
}

/** Sorts registrations into hooks, in CRIU's order, and unknown ones. Of two for one hook the later counts, as in memory. */
export function sortHooks(found: readonly Registration[]): {
  readonly hooks: readonly InspectedHook[];
  readonly unknown: readonly UnknownHook[];
} {
  const hooks = new Map<HookName, InspectedHook>();
  const unknown = new Map<string, string | null>();
  for (const { key, function: name, parameters = null } of found) {
    const hook = hookOf(key);
    if (hook === undefined) unknown.set(String(key), name);
    else hooks.set(hook, { hook, function: name, parameters });
  }
  return {
    hooks: inOrder.map((hook) => hooks.get(hook)).filter((it) => it !== undefined),
    unknown: [...unknown].map(([hook, name]) => ({ hook, function: name })),
  };
}
