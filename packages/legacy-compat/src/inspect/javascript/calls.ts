import type { AnyNode, CallExpression } from 'acorn';
import type { Scope } from './evaluate.ts';
import { requiredFrom } from './imports.ts';
import { nameOf } from './names.ts';
import { unknown, type Value } from './value.ts';

type Reader = (args: readonly Value[], scope: Scope) => Value;

/** Calls of which the text tells what they give, by the last part of their name. */
const known: Readonly<Record<string, Reader>> = {
  'Object.freeze': ([first = unknown]) => first,
  require: ([name], { modules }) => {
    const found = name?.kind === 'text' ? modules.open(name.text) : null;
    return found === null ? unknown : requiredFrom(found);
  },
  // What compilers put around `require` for `import x` and `import * as x`.
  __importDefault: ([module = unknown]) => (isCompiled(module) ? module : object(new Map([['default', module]]))),
  __importStar: ([module = unknown]) => {
    if (module.kind !== 'object' || isCompiled(module)) return module;
    return object(new Map([...module.entries, ['default', module]]), module.whole);
  },
};

/** What a call gives; of most only that it is a call. */
export function readCall(
  { callee, arguments: args }: CallExpression,
  look: (node: AnyNode) => Value,
  scope: Scope,
): Value {
  const name = calleeOf(callee, look, scope);
  if (name === null) return unknown;
  const given = args.map(look);
  return (
    known[name]?.(given, scope) ?? known[lastOf(name)]?.(given, scope) ?? { kind: 'call', callee: name, args: given }
  );
}

/** By the name that it has where it is from. */
function calleeOf(callee: AnyNode, look: (node: AnyNode) => Value, { names }: Scope): string | null {
  // `createRequire(import.meta.url)('./x')`, and a variable that holds it.
  const inner = look(callee);
  if (inner.kind === 'call' && lastOf(inner.callee) === 'createRequire') return 'require';
  const name = nameOf(callee);
  const binding = name === null ? undefined : names.get(name);
  return (binding?.kind === 'value' ? undefined : binding?.original) ?? name;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function isCompiled(value: Value): boolean {
  return value.kind === 'object' && value.entries.has('__esModule');
}

function object(entries: ReadonlyMap<string, Value>, whole = true): Value {
  return { kind: 'object', entries, whole };
}
