import type { Registration } from '../hook-names.ts';
import { type Described, functionOf, nameOfFunction, parametersOf } from './descriptor.ts';
import { isToday, type ObjectValue, type Value } from './value.ts';

/** A current plugin, `definePlugin({ … })`: what its source shows. */
export function readToday(found: Value): Described {
  const definition = found.kind === 'call' ? found.args[0] : found;
  if (definition?.kind !== 'object') {
    const open = ['what is given to definePlugin cannot be read without running it'];
    return { name: null, version: null, init: null, exit: null, hooks: [], hasOptions: null, open };
  }
  const { entries, whole } = definition;
  const options = entries.get('options');
  const hooks = readHooks(definition);
  return {
    name: textAt(entries, 'name'),
    version: textAt(entries, 'version'),
    init: functionOf(entries.get('init')),
    exit: functionOf(entries.get('exit')),
    hooks: hooks.found,
    hasOptions: options === undefined ? (whole ? false : null) : options.kind !== 'nothing',
    open: [
      ...(whole ? [] : ['its definition is changed or computed: not all of it can be read without running it']),
      ...['name', 'version'].flatMap((it) =>
        isHidden(entries.get(it)) ? [`its ${it} cannot be read without running it`] : [],
      ),
      ...hooks.open,
    ],
  };
}

function readHooks({ entries, whole }: ObjectValue): { found: readonly Registration[]; open: readonly string[] } {
  const hooks = entries.get('hooks');
  // Whatever hides part of the definition is told already.
  if (hooks === undefined && !whole) return { found: [], open: [] };
  if (hooks?.kind !== 'list') return { found: [], open: ['its hooks cannot be read without running it'] };
  const read = hooks.items.map(registrationOf);
  const found = read.filter((it) => it !== null);
  const all = hooks.whole && found.length === read.length;
  return { found, open: all ? [] : ['not all of its hooks can be read without running it'] };
}

/** `hook('NAME', handler)`, `batchHook('NAME', batch)`, or what these make; null: it is something else. */
function registrationOf(value: Value | undefined): Registration | null {
  const [name, handler] = partsOf(value);
  if (name?.kind !== 'text') return null;
  if (handler === undefined) return { key: name.text, function: null };
  return { key: name.text, function: nameOfFunction(handler), parameters: parametersOf(handler) };
}

function partsOf(value: Value | undefined): readonly (Value | undefined)[] {
  if (value?.kind === 'call') return /(^|\.)(hook|batchHook)$/.test(value.callee) ? value.args : [];
  if (value?.kind !== 'object' || isToday(value)) return [];
  const { entries } = value;
  return [entries.get('hook'), entries.get('handler') ?? entries.get('batch')];
}

function textAt(entries: ObjectValue['entries'], key: string): string | null {
  const value = entries.get(key);
  return value?.kind === 'text' ? value.text : null;
}

function isHidden(value: Value | undefined): boolean {
  return value !== undefined && value.kind !== 'text' && value.kind !== 'nothing';
}
