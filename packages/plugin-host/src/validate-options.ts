import type { SchemaIssue, SchemaResult } from '@criujs/plugin-sdk';
import { describe } from './describe.ts';
import { HostError, joinErrors } from './errors.ts';
import { BadAnswer } from './invocation.ts';
import type { LoadedPlugin } from './loaded.ts';
import { nearest } from './nearest.ts';
import type { Run } from './run.ts';
import { runHook } from './run-hook.ts';

/**
 * Validates the options of every plugin that has a schema, before anything runs. Without a schema they stay as they are.
 * Where the user gave none, a schema sees an empty object: it fills in its defaults, or says what is required.
 * @returns options by plugin name
 * @throws HostError PLUGIN_OPTIONS with the path and message of every issue, and for options of a plugin that is not loaded
 */
export async function validateOptions(
  plugins: readonly LoadedPlugin[],
  given: Readonly<Record<string, unknown>>,
  run: Run,
): Promise<ReadonlyMap<string, unknown>> {
  const valid = new Map<string, unknown>();
  const strangers = strangersIn(plugins, given);
  const errors = strangers.map(({ error }) => error);
  for (const plugin of plugins) {
    const isGiven = Object.hasOwn(given, plugin.name);
    // Its options are there, under a name that is not quite its own.
    if (!isGiven && strangers.some(({ meant }) => meant === plugin.name)) continue;
    const value = isGiven ? given[plugin.name] : undefined;
    await validateOne(plugin, value, run).then(
      (it) => valid.set(plugin.name, it),
      (error: HostError) => errors.push(error),
    );
  }
  const [first, ...others] = errors;
  if (first !== undefined) throw joinErrors('mistakes in the options of plugins', [first, ...others]);
  return valid;
}

/** Options that nobody would read are a mistake: most likely in the plugin's name. */
function strangersIn(
  plugins: readonly LoadedPlugin[],
  given: Readonly<Record<string, unknown>>,
): { readonly meant: string | undefined; readonly error: HostError }[] {
  const names = plugins.map(({ name }) => name);
  return Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((plugin) => {
      const meant = nearest(plugin, names);
      const loaded = names.length === 0 ? 'None is loaded' : `Loaded: ${names.join(', ')}`;
      const remedy = meant === undefined ? `${loaded}. Load ${plugin}, or leave them out.` : `Did you mean ${meant}?`;
      const message = `there are options for ${plugin}, but no such plugin is loaded`;
      return { meant, error: new HostError('PLUGIN_OPTIONS', message, { plugin, hook: 'options', remedy }) };
    });
}

async function validateOne({ name, home, schema }: LoadedPlugin, value: unknown, run: Run): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await runHook({
    run,
    plugin: name,
    home,
    hook: 'options',
    failure: 'PLUGIN_OPTIONS',
    abortable: true,
    call: () => schema['~standard'].validate(value === undefined ? {} : value),
    read: readResult,
  });
  if (result.issues === undefined) return result.value;
  // A plain list: a schema's own kind of list may make something else of its map().
  const issues = [...result.issues].map((it) => `${pathOf(name, it)}: ${it.message}`);
  throw new HostError('PLUGIN_OPTIONS', `plugin ${name}: its options are not valid: ${issues.join('; ')}`, {
    plugin: name,
    hook: 'options',
    remedy: `Correct the options of ${name}: pluginOptions in the configuration, or --plugin-option ${name}.KEY=VALUE.`,
  });
}

function readResult(answer: unknown): SchemaResult<unknown> {
  const result = Object(answer) as SchemaResult<unknown>;
  if (Array.isArray(result.issues) || (result.issues === undefined && 'value' in result)) return result;
  throw new BadAnswer(`answered ${describe(answer)}`, 'A Standard Schema must answer { value } or { issues }.');
}

/** `kvm.slots[2].name` */
function pathOf(plugin: string, { path }: SchemaIssue): string {
  return [...(path ?? [])].reduce<string>((text, it) => {
    const key = typeof it === 'object' ? it.key : it;
    return typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`;
  }, plugin);
}
