import type { Registration } from '../hook-names.ts';
import type { OriginalFunction } from '../inspection.ts';
import { newestVersion, versionText } from '../versions.ts';
import type { Value } from './value.ts';

/** What a module says of its plugin. */
export interface Described {
  readonly name: string | null;
  readonly version: string | null;
  readonly init: OriginalFunction | null;
  readonly exit: OriginalFunction | null;
  readonly hooks: readonly Registration[];
  readonly hasOptions: boolean | null;
  /** Why there may be more, in words. */
  readonly open: readonly string[];
}

/** A `CR_PLUGIN_DESC` in JavaScript. */
export function readDescriptor(value: Value): Described {
  if (value.kind !== 'object') {
    const open = ['its CR_PLUGIN_DESC cannot be read without running it'];
    return { name: null, version: null, init: null, exit: null, hooks: [], hasOptions: null, open };
  }
  const { entries, whole } = value;
  const name = entries.get('name');
  const version = entries.get('version') ?? { kind: 'number', number: newestVersion };
  const hooks = readHooks(entries.get('hooks'));
  return {
    name: name?.kind === 'text' ? name.text : null,
    version: version.kind === 'number' ? versionText(version.number) : null,
    init: functionOf(entries.get('init')),
    exit: functionOf(entries.get('exit')),
    hooks: hooks.found,
    hasOptions: null,
    open: [...(whole ? [] : ['its CR_PLUGIN_DESC is changed or computed']), ...hooks.open],
  };
}

/** Its name; null where it has none. undefined and null are no function. */
export function functionOf(value: Value | undefined): OriginalFunction | null {
  if (value === undefined || value.kind === 'nothing') return null;
  return { name: nameOfFunction(value) };
}

export function nameOfFunction(value: Value): string | null {
  return value.kind === 'function' || value.kind === 'unknown' ? value.name : null;
}

export function parametersOf(value: Value): readonly string[] | null {
  return value.kind === 'function' ? value.parameters : null;
}

/** By number, as a list or an object, or by CRIU's names. */
function readHooks(value: Value | undefined): { found: readonly Registration[]; open: readonly string[] } {
  if (value === undefined) return { found: [], open: [] };
  if (value.kind !== 'object' && value.kind !== 'list') {
    return { found: [], open: ['its hooks cannot be read without running it'] };
  }
  const entries = value.kind === 'object' ? [...value.entries] : [...value.items.entries()];
  const found = entries.flatMap(([key, it]): Registration[] =>
    it === undefined || it.kind === 'nothing'
      ? []
      : [{ key, function: nameOfFunction(it), parameters: parametersOf(it) }],
  );
  return { found, open: value.whole ? [] : ['not all of its hooks can be read without running it'] };
}
