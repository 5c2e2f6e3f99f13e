import { EngineError } from '../errors/errors.ts';
import { checkInherited } from './inherited.ts';
import {
  type EngineOptions,
  type GivenOptions,
  type OptionRow,
  type OptionStage,
  optionRows,
  type ValueKinds,
} from './table.ts';

/** How values of a kind are read. */
interface Reader<V> {
  /** What it is when nobody gives it, and its row says nothing. */
  readonly absent: V;
  /** In words, what `fits` wants. */
  readonly wanted: string | ((row: OptionRow) => string);
  fits(value: unknown, row: OptionRow): boolean;
  /** The value as engines want it. @throws EngineError BAD_OPTION */
  read?(value: V): V;
}

const readers: { readonly [K in keyof ValueKinds]: Reader<ValueKinds[K]> } = {
  switch: { absent: false, wanted: 'true or false', fits: (value) => typeof value === 'boolean' },
  size: {
    absent: 0,
    wanted: 'a number of bytes, 0 or more',
    fits: (it) => Number.isSafeInteger(it) && Number(it) >= 0,
  },
  choice: {
    absent: undefined,
    wanted: ({ choices = {} }) => `one of ${Object.keys(choices).join(', ')}`,
    fits: (value, { choices = {} }) => typeof value === 'string' && Object.hasOwn(choices, value),
  },
  externals: {
    absent: [],
    wanted: 'an array of names',
    fits: (value) => Array.isArray(value) && value.every((it) => typeof it === 'string'),
    read: (keys) => keys.map(externalKey),
  },
  descriptors: {
    absent: [],
    wanted: 'an array of { fd, key }',
    fits: (value) => Array.isArray(value) && value.every(isInherited),
    read: checkInherited,
  },
  cgroupRoots: {
    absent: [],
    wanted: 'an array of { controller, path }, with paths from /',
    fits: (value) => Array.isArray(value) && value.every(isRoot),
  },
  directory: {
    absent: null,
    wanted: 'a path',
    fits: (value) => value === null || (typeof value === 'string' && value !== '' && !value.includes('\0')),
  },
};

/**
 * The options of a dump or a restore, of what a user gives: checked, and whole.
 * @throws EngineError BAD_OPTION
 */
export function readOptions<S extends OptionStage>(stage: S, given: GivenOptions<S>): EngineOptions<S> {
  const entries = optionRows(stage).map((row) => {
    const value = (given as Readonly<Record<string, unknown>>)[row.name];
    return [row.name, value === undefined ? (row.absent ?? readers[row.kind].absent) : readValue(row, value)];
  });
  return Object.fromEntries(entries) as EngineOptions<S>;
}

/** The options of a stage that an object has, without all else that it has. */
export function pickOptions<S extends OptionStage>(stage: S, from: EngineOptions<S>): EngineOptions<S> {
  const all = from as Readonly<Record<string, unknown>>;
  return Object.fromEntries(optionRows(stage).map(({ name }) => [name, all[name]])) as EngineOptions<S>;
}

/** What is wrong with the type of a value, in words; null: nothing. */
export function mistakeIn(row: OptionRow, value: unknown): string | null {
  return readers[row.kind].fits(value, row) ? null : `${row.name} is not ${wantedBy(row)}`;
}

function wantedBy(row: OptionRow): string {
  const { wanted } = readers[row.kind];
  return typeof wanted === 'string' ? wanted : wanted(row);
}

function readValue(row: OptionRow, value: unknown): unknown {
  const mistake = mistakeIn(row, value);
  if (mistake !== null) {
    const remedy = `Give ${wantedBy(row)} (option \`${row.name}\`, ${row.flag} on the command line).`;
    throw new EngineError('BAD_OPTION', mistake, { remedy });
  }
  const reader: Reader<unknown> = readers[row.kind];
  return reader.read?.(value) ?? value;
}

/** As CRIU writes it; the kernel's own `pipe:[INO]` does as well. */
function externalKey(key: string): string {
  const [, type, rest] = /^([a-z]+):?(\[.*)$/s.exec(key) ?? [];
  if (type !== undefined && rest?.includes(']')) return `${type}${rest}`;
  throw new EngineError('BAD_OPTION', `${key} names no external resource`, {
    remedy: "Give its type and its number: --external 'pipe[INO]' (option `external`).",
  });
}

function isRoot(it: unknown): boolean {
  const { controller, path } = Object(it) as Readonly<Record<string, unknown>>;
  const isPath = typeof path === 'string' && path.startsWith('/') && !path.includes('\0');
  return isPath && !path.split('/').includes('..') && (controller === null || typeof controller === 'string');
}

function isInherited(it: unknown): boolean {
  const { fd, key } = Object(it) as Readonly<Record<string, unknown>>;
  return typeof fd === 'number' && typeof key === 'string';
}
