import type { Registration } from '../hook-names.ts';
import { functionsVersion, newestVersion, versionText } from '../versions.ts';
import { type Described, functionOf } from './described.ts';
import { isMark, splitAtCommas, topLevel } from './find.ts';
import type { Preprocessed } from './preprocess.ts';
import type { Token } from './tokens.ts';
import { nameOf, textOf } from './values.ts';

type Fields = ReadonlyMap<string, readonly Token[]>;

/** CRIU's own names of versions (criu-plugin.h). */
const versions: Readonly<Record<string, number>> = {
  CRIU_PLUGIN_VERSION: newestVersion,
  CRIU_PLUGIN_VERSION_OLD: functionsVersion,
};

/** The fields in their order in memory, for an initializer that names none. */
const order = ['name', 'init', 'exit', 'version', 'max_hooks', 'hooks'];

/** A `CR_PLUGIN_DESC = { .name = …, .hooks = { [CR_PLUGIN_HOOK__…] = … } }` that is written without macros. */
export function readInitializer(program: Preprocessed): readonly Described[] {
  const { tokens, closeOf, macros } = program;
  return topLevel(program).flatMap(({ at, token }): Described[] => {
    if (token.text !== 'CR_PLUGIN_DESC' || !isMark(tokens[at + 1], '=') || !isMark(tokens[at + 2], '{')) return [];
    const end = closeOf.get(at + 2);
    if (end === undefined) return [];
    const fields = fieldsOf(tokens.slice(at + 3, end));
    return [
      {
        line: token.line,
        name: textOf(fields.get('name') ?? [], macros),
        version: versionOf(nameOf(fields.get('version') ?? [], macros)),
        init: functionOf(nameOf(fields.get('init') ?? [], macros)),
        exit: functionOf(nameOf(fields.get('exit') ?? [], macros)),
        hooks: hooksOf(fields.get('hooks') ?? [], program),
      },
    ];
  });
}

function versionOf(word: string | null): string | null {
  const number = word === null ? Number.NaN : (versions[word] ?? Number(word));
  return Number.isInteger(number) ? versionText(number) : null;
}

function fieldsOf(words: readonly Token[]): Fields {
  const fields = new Map<string, readonly Token[]>();
  for (const [position, [first, name, equals, ...rest]] of splitAtCommas(words).entries()) {
    if (first === undefined) continue;
    if (isMark(first, '.') && name !== undefined && isMark(equals, '=')) fields.set(name.text, rest);
    else
      fields.set(
        order[position] ?? '',
        [first, name, equals, ...rest].filter((it) => it !== undefined),
      );
  }
  return fields;
}

function hooksOf(words: readonly Token[], { macros }: Preprocessed): readonly Registration[] {
  const inner = isMark(words[0], '{') ? words.slice(1, -1) : [];
  return splitAtCommas(inner).flatMap((part, position): Registration[] => {
    const close = part.findIndex((it) => isMark(it, ']'));
    const named = isMark(part[0], '[') && close > 0 && isMark(part[close + 1], '=');
    const key = named ? (nameOf(part.slice(1, close), macros) ?? '?') : position;
    const called = nameOf(named ? part.slice(close + 2) : part, macros);
    return part.length === 0 || functionOf(called) === null ? [] : [{ key, function: called }];
  });
}
