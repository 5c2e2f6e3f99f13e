import { safeLines, safeName, safeText } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import type { Inspection } from '@criujs/legacy-compat/inspect';
import { type InstalledPlugin, installedPlugins, placeWords, pluginKeyword, pluginPlaces } from '@criujs/plugin-host';
import type { CriuError } from '@criujs/plugin-sdk';
import { inspectTarget } from '../inspect-target.ts';
import { manifestOf, type ShownManifest } from '../manifest-facts.ts';
import { manifestLines } from '../manifest-text.ts';
import type { Output } from '../output.ts';

/** An installed package, and what its file tells of the plugin in it. */
interface Listed extends Omit<InstalledPlugin, 'criu' | 'error'> {
  readonly plugin: {
    readonly name: string | null;
    readonly version: string | null;
    readonly structure: Inspection['structure'];
    readonly hooks: readonly string[];
    readonly hasOptions: boolean | null;
    readonly complete: boolean;
    readonly notes: readonly string[];
  } | null;
  /** What its package.json says of the plugin; null: it has no field `criu`. */
  readonly manifest: ShownManifest | null;
  /** Why it would not be loaded, or cannot be told. */
  readonly error?: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** @returns 0, even if a plugin would not be loaded */
export async function pluginListCommand(cwd: string, output: Output): Promise<number> {
  const plugins: Listed[] = [];
  for (const it of installedPlugins({ cwd })) plugins.push(await look(it, cwd));
  const text = plugins.length === 0 ? none(cwd) : plugins.map((it) => describe(it, output.colors)).join('\n');
  output.result({ ok: true, command: 'plugin list', plugins }, text);
  return 0;
}

/** Where somebody who expects one can look after it. */
function none(cwd: string): string {
  const places = pluginPlaces(cwd).map(({ kind, folder }) => `  ${safeText(folder)} (${placeWords[kind]})`);
  return [`No plugin is installed: no package with the keyword ${pluginKeyword} is in`, ...places].join('\n');
}

async function look({ error, criu, ...found }: InstalledPlugin, cwd: string): Promise<Listed> {
  const unread = { ...found, plugin: null, manifest: manifestOf({ criu }, null) };
  if (error !== undefined || found.entry === null) return { ...unread, ...errorOf(error) };
  try {
    const { plugin, embedded } = await inspectTarget(found.entry, cwd);
    const manifest = manifestOf({ criu }, plugin);
    const refused = embedded.loads === false ? refusal(found, embedded.why) : {};
    return { ...found, plugin: summaryOf(plugin), manifest, ...refused };
  } catch (thrown) {
    return { ...unread, ...errorOf(thrown as CriuError) };
  }
}

function summaryOf(plugin: Inspection): Listed['plugin'] {
  const { name, version, structure, hooks, complete, notes } = plugin;
  const hasOptions = plugin.format === 'javascript' ? plugin.hasOptions : null;
  return { name, version, structure, hooks: hooks.map(({ hook }) => hook), hasOptions, complete, notes };
}

function errorOf(error: CriuError | undefined): Pick<Listed, 'error'> {
  if (error === undefined) return {};
  return {
    error: {
      code: error.code,
      message: error.message,
      remedy: error.remedy ?? 'Look at it with criujs plugin inspect.',
    },
  };
}

function refusal({ package: name }: Pick<Listed, 'package'>, why: string | null): Pick<Listed, 'error'> {
  const remedy = `See where it would load: criujs plugin inspect ${name}`;
  return { error: { code: 'PLUGIN_INVALID', message: why ?? 'it would not be loaded', remedy } };
}

function describe(listed: Listed, colors: Colors): string {
  const { package: name, packageVersion, place, shadowedBy, plugin, manifest, error } = listed;
  const release = colors.bold(safeName(packageVersion === null ? name : `${name} ${packageVersion}`));
  const title = `${release}  ${colors.dim(placeWords[place])}`;
  const hidden =
    shadowedBy === null
      ? []
      : [`  ${colors.yellow('hidden')} by a nearer package of that name: ${safeName(shadowedBy)}`];
  const words = error?.code === 'PLUGIN_UNTOLD' ? colors.yellow('cannot be told:') : colors.red('cannot be loaded:');
  const wrong =
    error === undefined
      ? []
      : [`  ${words} ${safeLines(error.message)}`, `    ${colors.cyan('→')} ${safeText(error.remedy)}`];
  const own = plugin === null ? [] : describePlugin(plugin, colors);
  return [title, ...hidden, ...own, ...manifestLines(manifest, colors), ...wrong].join('\n');
}

const structures: Readonly<Record<Inspection['structure'], string>> = {
  descriptor: 'CR_PLUGIN_DESC',
  functions: 'functions of the old structure',
  today: 'definePlugin',
};
const optionsInWords = new Map([
  [true, ', checks its options'],
  [false, ', no schema for options'],
]);

function describePlugin(plugin: NonNullable<Listed['plugin']>, colors: Colors): readonly string[] {
  const { name, version, structure, hooks, hasOptions, complete, notes } = plugin;
  const own = [name ?? '(no name)', ...(version === null ? [] : [version])].join(' ');
  const how = `${structures[structure]}${hasOptions === null ? '' : optionsInWords.get(hasOptions)}`;
  const none = complete ? 'no hooks' : 'no hooks that could be read';
  return [
    `  plugin ${safeName(own)}  ${colors.dim(how)}`,
    `  ${hooks.length === 0 ? none : hooks.join(', ')}`,
    ...notes.map((it) => `  ${colors.yellow('note:')} ${safeName(it)}`),
  ];
}
