import { UsageError } from './usage-error.ts';

/**
 * Reads `NAME.KEY=VALUE` options into one object by plugin name. A key with dots reaches into objects, and with a number into
 * lists; a value that is JSON is read as such, any other is text.
 * @param base what the configuration says; the options win, and it stays as it is
 */
export function parsePluginOptions(
  settings: readonly string[],
  base: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return settings.reduce((options, setting) => {
    const [, name, path, text] = /^([a-z0-9][a-z0-9-]*)\.([^=]+)=(.*)$/s.exec(setting) ?? [];
    const keys = path?.split('.') ?? [];
    if (name === undefined || text === undefined || keys.some((key) => key === '' || key === '__proto__')) {
      throw new UsageError(
        `--plugin-option ${setting} cannot be read`,
        'Write it as PLUGIN.KEY=VALUE, for example --plugin-option gpu.device=0.',
      );
    }
    return withValue(options, [name, ...keys], parseValue(text), setting) as Readonly<Record<string, unknown>>;
  }, base);
}

/** Copies along the path to the value; everything else may be anything that a TypeScript configuration can hold. */
function withValue(tree: unknown, [key = '', ...rest]: readonly string[], value: unknown, setting: string): unknown {
  if (Array.isArray(tree)) {
    const at = /^\d+$/.test(key) ? Number(key) : -1;
    if (at < 0 || at > tree.length) throw noPlace(setting, key, tree.length);
    return [...tree.slice(0, at), inner(tree[at], rest, value, setting), ...tree.slice(at + 1)];
  }
  const own = typeof tree === 'object' && tree !== null ? tree : {};
  const before: unknown = Object.hasOwn(own, key) ? own[key as keyof typeof own] : undefined;
  return { ...own, [key]: inner(before, rest, value, setting) };
}

function inner(before: unknown, rest: readonly string[], value: unknown, setting: string): unknown {
  return rest.length === 0 ? value : withValue(before, rest, value, setting);
}

function noPlace(setting: string, key: string, length: number): UsageError {
  return new UsageError(
    `--plugin-option ${setting}: ${key} is not a position in a list of ${length}`,
    `Give a number from 0 to ${length}, or the whole list as JSON.`,
  );
}

/** A whole number that JavaScript cannot hold exactly stays text. */
function parseValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) ? text : value;
  } catch {
    return text;
  }
}
