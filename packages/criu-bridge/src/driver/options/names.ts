import { EngineError } from '@criujs/engine-kit';
import { CriuOptsSchema } from '@criujs/images';
import { type OptionKey, type OptionRow, optionTable } from './table.ts';

/** A field of the schema, as far as options need it. */
export type Field = (typeof CriuOptsSchema.fields)[number];

/** An option: its row and its field. */
export interface Option {
  readonly key: OptionKey;
  readonly row: OptionRow;
  readonly field: Field;
}

/** All options, in the schema's order. */
export const options: readonly Option[] = CriuOptsSchema.fields.map((field) => {
  const key = field.localName as OptionKey;
  return { key, row: optionTable[key], field };
});

const byName: ReadonlyMap<string, Option> = new Map(
  options.flatMap((option) => [option.row.name, option.field.name].map((name) => [plain(name), option] as const)),
);

/** `tcp-established`, `tcp_established` and `tcpEstablished` are one name. */
function plain(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase();
}

/**
 * Finds the option of a name.
 * @throws EngineError BAD_OPTION when there is none, or when it is not for users to set
 */
export function findOption(name: string): Option {
  const option = byName.get(plain(name));
  if (option === undefined) throw unknown(name);
  const { instead } = option.row;
  if (instead === undefined) return option;
  throw new EngineError('BAD_OPTION', `CRIU's option ${name} is set by the engine itself`, { remedy: instead });
}

function unknown(name: string): EngineError {
  const start = plain(name).slice(0, 3);
  const near = [...byName.keys()].filter((it) => start !== '' && it.startsWith(start));
  const names = [...new Set(near.map((it) => byName.get(it)?.row.name))].join(', ');
  const hint = names === '' ? 'The README of @criujs/criu-bridge lists them all.' : `The options are ${names}.`;
  return new EngineError('BAD_OPTION', `CRIU's RPC has no option ${JSON.stringify(name)}`, { remedy: hint });
}
