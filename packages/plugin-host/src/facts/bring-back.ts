import { type HookName, hookTable } from '@criujs/plugin-sdk';
import type { LogEntry } from '../context.ts';

/** So many resources of one plugin are named in a warning. */
const mostNamed = 4;

/** Which hooks the loaded plugins have. */
interface Serving {
  serves(hook: HookName): boolean;
}

/** A resource that a plugin took, and the hook that no loaded plugin has: with these plugins it could not be restored. */
export interface Unrestorable {
  readonly plugin: string;
  /** The hook that took it. */
  readonly hook: HookName;
  /** The hook that would restore it. */
  readonly missingHook: HookName;
  /** In words, with its process. */
  readonly resource: string;
}

/**
 * The hook that would restore what `hook` takes, if no loaded plugin has it. A restore asks all plugins, so any of them
 * suffices.
 */
export function missingHook(hook: HookName, loaded: Serving): HookName | null {
  const { restoredBy } = hookTable[hook];
  return restoredBy === undefined || loaded.serves(restoredBy) ? null : restoredBy;
}

/** Why a dump that ends the tree is refused, and what to do about it. */
export function whyUnrestorable({ plugin, hook, missingHook: missing }: Omit<Unrestorable, 'resource'>): {
  readonly why: string;
  readonly remedy: string;
} {
  return {
    why: `plugin ${plugin} takes it with ${hook}, and no loaded plugin has ${missing}, which restores it`,
    remedy: `Add the hook ${missing} to plugin ${plugin}, load a plugin that has it, or dump with --leave-running or --dump-only.`,
  };
}

/** What a dump that is made nevertheless warns of: one sentence for each plugin and hook. */
export function unrestorableWarnings(taken: readonly Unrestorable[]): string[] {
  const groups = new Map<string, [Unrestorable, ...Unrestorable[]]>();
  for (const it of taken) {
    const key = `${it.plugin} ${it.hook}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [it]);
    else group.push(it);
  }
  return [...groups.values()].map((group) => {
    const [{ plugin, hook, missingHook: missing }] = group;
    const named = group.slice(0, mostNamed).map(({ resource }) => resource);
    const more = group.length > mostNamed ? ` and ${group.length - mostNamed} more` : '';
    return `plugin ${plugin} took ${named.join(', ')}${more} with ${hook}, and no loaded plugin has ${missing}: with these plugins the dump cannot be restored`;
  });
}

/** Warnings about plugins loaded for a dump: those that take what no plugin could restore. */
export function unpairedWarnings(
  loaded: Serving & { readonly plugins: readonly { readonly name: string; readonly hooks: readonly HookName[] }[] },
): LogEntry[] {
  return loaded.plugins.flatMap(({ name: plugin, hooks }) =>
    hooks.flatMap((hook) => {
      const missing = missingHook(hook, loaded);
      if (missing === null) return [];
      const message = `it has the hook ${hook}, and no loaded plugin has ${missing}: what it takes cannot be restored`;
      return [{ level: 'warn', plugin, hook, message } as const];
    }),
  );
}
