import type { ImportDeclaration } from 'acorn';
import type { Binding } from './evaluate.ts';
import type { Exports } from './exports.ts';
import type { Modules } from './modules.ts';
import { unknown, type Value } from './value.ts';

/** What a module gives to those that import all of it. */
export function namespaceOf({ named, open }: Exports): Value {
  return { kind: 'object', entries: named, whole: open.length === 0 };
}

/** What `require` of it gives: CommonJS may export something else than an object. */
export function requiredFrom(exports: Exports): Value {
  const main = exports.named.get('default');
  const isWhole = exports.isCommon && !isCompiled(exports) && main !== undefined && main.kind !== 'object';
  return isWhole ? main : namespaceOf(exports);
}

/** What it exports under a name. */
export function importedFrom(exports: Exports | null, name: string): Value {
  const otherwise: Value = { kind: 'unknown', name: name === 'default' ? null : name };
  if (exports === null) return otherwise;
  if (name === 'default' && exports.isCommon && (isCompiled(exports) || !exports.named.has(name)))
    return namespaceOf(exports);
  return exports.named.get(name) ?? otherwise;
}

/** What the names of an import stand for; nothing is read before one of them is looked at. */
export function readImports(
  { specifiers, source }: ImportDeclaration,
  modules: Modules,
): readonly (readonly [string, Binding])[] {
  const from = String(source.value);
  return specifiers.map(({ local, ...it }) => {
    if (it.type === 'ImportNamespaceSpecifier') return [local.name, elsewhere(null, () => all(modules.open(from)))];
    const name = it.type === 'ImportDefaultSpecifier' ? 'default' : nameIn(it.imported);
    return [local.name, elsewhere(name, () => importedFrom(modules.open(from), name))];
  });
}

function elsewhere(original: string | null, read: () => Value): Binding {
  return { kind: 'elsewhere', original, read };
}

function all(exports: Exports | null): Value {
  return exports === null ? unknown : namespaceOf(exports);
}

/** Compilers mark what was `export` before it was CommonJS. */
function isCompiled({ named }: Exports): boolean {
  return named.has('__esModule');
}

function nameIn(it: { readonly type: string; readonly name?: unknown; readonly value?: unknown }): string {
  return String(it.type === 'Identifier' ? it.name : it.value);
}
