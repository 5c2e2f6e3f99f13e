import { UsageError } from './usage-error.ts';

type Tree = { [key: string]: unknown };

/**
 * Reads `NAME.KEY=VALUE` options into one object by plugin name. A key with dots reaches into objects; a value that is JSON
 * is read as such, any other is text.
 * @param base what the configuration says; the options win
 */
export function parsePluginOptions(
  settings: readonly string[],
  base: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const options = structuredClone(base) as Tree;
  for (const setting of settings) {
    const [, name, path, text] = /^([a-z0-9][a-z0-9-]*)\.([^=]+)=(.*)$/s.exec(setting) ?? [];
    const keys = path?.split('.') ?? [];
    if (name === undefined || text === undefined || keys.some((key) => key === '' || key === '__proto__')) {
      throw new UsageError(
        `--plugin-option ${setting} cannot be read`,
        'Write it as PLUGIN.KEY=VALUE, for example --plugin-option gpu.device=0.',
      );
    }
    set(options, [name, ...keys], parseValue(text));
  }
  return options;
}

function set(tree: Tree, keys: readonly string[], value: unknown): void {
  const [key = '', ...rest] = keys;
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const inner = tree[key];
  if (typeof inner !== 'object' || inner === null) tree[key] = {};
  set(tree[key] as Tree, rest, value);
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
