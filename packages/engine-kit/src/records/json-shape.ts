import { EngineError } from '../errors/errors.ts';

/** Takes a value of an image that is JSON and gives it back typed. @throws EngineError IMAGE_INVALID with where it is */
export type Shape<T> = (value: unknown, where: string) => T;

type Shapes = Readonly<Record<string, Shape<unknown>>>;
type Shaped<S extends Shapes> = { readonly [K in keyof S]: ReturnType<S[K]> };

function fail(where: string, value: unknown, expected: string): never {
  throw new EngineError('IMAGE_INVALID', `${where} is ${inWords(value)} and should be ${expected}`, {
    resource: /^[^.[]*(\.json)?/.exec(where)?.[0],
    remedy: 'Take the images from an undamaged copy, or dump again.',
  });
}

/** However large the value is, its words are few. */
function inWords(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value) ?? 'nothing';
}

/** An integer between two bounds, both included. */
export function integer(least: number, most: number): Shape<number> {
  return (value, where) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    return fail(where, value, `an integer from ${least} to ${most}`);
  };
}

/** A whole number below 2^64 in decimal digits. */
export const digits: Shape<bigint> = (value, where) => {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n) return BigInt(value);
  return fail(where, value, 'a number in quotes, below 2^64');
};

/** Text of a bounded length. */
export function text(longest: number): Shape<string> {
  return (value, where) => {
    if (typeof value === 'string' && value.length <= longest) return value;
    return fail(where, value, `text of at most ${longest} characters`);
  };
}

/** Text that passes a check; `expected` says in words what it should be. */
export function matching(expected: string, check: (value: unknown) => value is string): Shape<string> {
  return (value, where) => (check(value) ? value : fail(where, value, expected));
}

/** The largest ring of io_uring has 2 MiB of submissions. */
export const base64: Shape<string> = matching(
  'bytes in base64',
  (value): value is string =>
    typeof value === 'string' && value.length <= 2 ** 22 && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
);

export const flag: Shape<boolean> = (value, where) => {
  return typeof value === 'boolean' ? value : fail(where, value, 'true or false');
};

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, where) => {
    const choice = choices.find((it) => it === value);
    return choice ?? fail(where, value, `one of ${choices.join(', ')}`);
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, where) => (value === null ? null : shape(value, where));
}

/** What an older release did not write yet. */
export function absent<T>(shape: Shape<T>, otherwise: T): Shape<T> {
  return (value, where) => (value === undefined ? otherwise : shape(value, where));
}

export function list<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) return fail(where, value, 'a list');
    return value.map((item, at) => shape(item, `${where}[${at}]`));
  };
}

/** An object with these fields; fields that it has beside them are left out. */
export function object<S extends Shapes>(fields: S): Shape<Shaped<S>> {
  const shapes = Object.entries(fields);
  return (value, where) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(where, value, 'an object');
    const given = value as Readonly<Record<string, unknown>>;
    const shaped: Record<string, unknown> = {};
    for (const [name, shape] of shapes) {
      shaped[name] = shape(Object.hasOwn(given, name) ? given[name] : undefined, `${where}.${name}`);
    }
    return shaped as Shaped<S>;
  };
}

/** What `shape` gives, made into something else. */
export function map<A, B>(shape: Shape<A>, make: (value: A) => B): Shape<B> {
  return (value, where) => make(shape(value, where));
}
