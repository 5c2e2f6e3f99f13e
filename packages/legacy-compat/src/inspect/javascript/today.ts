import type { Registration } from '../hook-names.ts';
import { type Described, functionOf, nameOfFunction } from './descriptor.ts';
import type { Value } from './value.ts';

/** A current plugin, `definePlugin({ … })`: what its source shows. */
export function readToday(call: Value): Described {
  const definition = call.kind === 'call' ? call.args[0] : undefined;
  if (definition?.kind !== 'object') {
    const open = ['what is given to definePlugin cannot be read without running it'];
    return { name: null, version: null, init: null, exit: null, hooks: [], open };
  }
  const { entries, whole } = definition;
  const text = (key: string): string | null => {
    const value = entries.get(key);
    return value?.kind === 'text' ? value.text : null;
  };
  const hooks = entries.get('hooks');
  const items = hooks?.kind === 'list' ? hooks.items : [];
  const found = items.map(registrationOf);
  const all = whole && hooks?.kind === 'list' && hooks.whole && !found.includes(null);
  return {
    name: text('name'),
    version: text('version'),
    init: functionOf(entries.get('init')),
    exit: functionOf(entries.get('exit')),
    hooks: found.filter((it) => it !== null),
    open: all ? [] : ['not all of it can be read without running it'],
  };
}

/** `hook('NAME', handler)`; null: it is something else. */
function registrationOf(value: Value | undefined): Registration | null {
  if (value?.kind !== 'call' || !/(^|\.)hook$/.test(value.callee)) return null;
  const [name, handler] = value.args;
  if (name?.kind !== 'text') return null;
  return { key: name.text, function: handler === undefined ? null : nameOfFunction(handler) };
}
