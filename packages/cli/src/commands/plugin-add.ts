import { type EngineError, exitCodes, safeLines, safeName, safeText } from '@criujs/core';
import { type InstalledPlugin, installedPlugins, type PlaceKind, placeWords } from '@criujs/plugin-host';
import { manifestProblemText, readManifest } from '@criujs/plugin-host/manifest';
import type { CriuError } from '@criujs/plugin-sdk';
import { inspectTarget } from '../inspect-target.ts';
import type { Output } from '../output.ts';
import { type Installation, installationOf, type Target } from '../registry/installer.ts';
import { demandPlugin, lookUp } from '../registry/lookup.ts';
import { PackageError } from '../registry/package-error.ts';
import { demandSpec } from '../registry/package-spec.ts';
import { lastLines, runProgram } from '../registry/run-program.ts';
import { attended } from '../run-options.ts';
import { UsageError } from '../usage-error.ts';

export interface AddFlags {
  readonly global?: boolean;
  readonly system?: boolean;
}

const placeOf: Readonly<Record<Target, PlaceKind>> = { project: 'project', global: 'criujs', system: 'system' };

/** What was got, as its package.json and its file tell. */
interface Got {
  /** Why it would not be loaded. */
  readonly error?: Pick<CriuError, 'code' | 'message' | 'remedy'> | undefined;
  readonly plugin: string | null;
  readonly hooks: readonly string[];
  readonly notes: readonly string[];
}

/** @returns 0, or 4 when what was installed would not be loaded */
export async function pluginAddCommand(text: string, flags: AddFlags, cwd: string, output: Output): Promise<number> {
  const spec = demandSpec(text);
  const installation = installationOf(targetOf(flags), spec.text, cwd);
  const found = await attended(`looking up ${spec.text}`, output, ({ signal }) => lookUp(spec, { cwd, signal }));
  demandPlugin(found);
  await install(installation, spec.text, output);
  const installed = demandInstalled(found.name, targetOf(flags), installation, cwd);
  const got = await look(installed, cwd);
  const notes = [...got.notes, ...scriptsNote(found.name, found.installScripts)];
  const { package: name, packageVersion, folder, place, entry } = installed;
  const { plugin, hooks, error } = got;
  const wrong = error && { error: { code: error.code, message: error.message, remedy: error.remedy } };
  const added = { package: name, packageVersion, folder, place, entry, plugin, hooks, notes, ...wrong };
  const { manager, command } = installation;
  output.result(
    { ok: error === undefined, command: 'plugin add', manager, ran: command, added },
    describe(installed, { ...got, notes }, manager, output),
  );
  return error === undefined ? exitCodes.done : exitCodes.plugin;
}

/** @throws UsageError both were given */
function targetOf({ global = false, system = false }: AddFlags): Target {
  if (global && system)
    throw new UsageError(
      '--global and --system are two places',
      'Give one: --global is beside criujs, --system for all users.',
    );
  return global ? 'global' : system ? 'system' : 'project';
}

async function install({ command, cwd }: Installation, spec: string, output: Output): Promise<void> {
  output.note(output.errorColors.dim(safeText(`criujs: ${command.join(' ')}  (in ${cwd})`)));
  const said = await attended(`installing ${spec}`, output, ({ signal }) => runProgram(command, { cwd, signal }));
  if (said.code === 0) return;
  throw new PackageError(
    'INSTALLER_FAILED',
    `${command[0]} ended with ${said.code}:\n${lastLines(said)}`,
    'Fix what it complains about; if it is a right that is missing, install into the project instead.',
  );
}

/** The keyword of what was got may differ from what the registry said. */
function demandInstalled(name: string, target: Target, { cwd: project }: Installation, cwd: string): InstalledPlugin {
  const all = installedPlugins({ cwd: target === 'project' ? project : cwd });
  const it =
    all.find((one) => one.package === name && one.place === placeOf[target]) ?? all.find((one) => one.package === name);
  if (it !== undefined) return it;
  throw new PackageError(
    'PACKAGE_NOT_A_PLUGIN',
    `${name} was installed, and criujs finds no plugin of that name`,
    `Look at it, or remove it again: npm uninstall ${name}.`,
  );
}

async function look({ package: name, entry, criu, error }: InstalledPlugin, cwd: string): Promise<Got> {
  const reading = readManifest({ criu });
  const { plugin, hooks } = reading.state === 'valid' ? reading.manifest : { plugin: null, hooks: [] };
  const notes =
    reading.state === 'invalid' ? reading.problems.map((it) => `its manifest: ${manifestProblemText(it)}`) : [];
  if (entry === null || error !== undefined) return { plugin, hooks, notes, error };
  try {
    const { plugin: file, embedded } = await inspectTarget(entry, cwd);
    const told = plugin === null ? { plugin: file.name, hooks: file.hooks.map(({ hook }) => hook) } : { plugin, hooks };
    return { ...told, notes, ...(embedded.loads === false ? { error: refusal(name, embedded.why) } : {}) };
  } catch (thrown) {
    const { code, message, remedy } = thrown as EngineError;
    // What cannot be told without running it may well be a plugin.
    if (code === 'PLUGIN_UNTOLD') return { plugin, hooks, notes: [...notes, message] };
    return { plugin, hooks, notes, error: { code, message, remedy } };
  }
}

function refusal(name: string, why: string | null): Got['error'] {
  const remedy = `See where it would load: criujs plugin inspect ${name}.`;
  return { code: 'PLUGIN_INVALID', message: why ?? 'it would not be loaded', remedy };
}

function scriptsNote(name: string, scripts: readonly string[]): readonly string[] {
  if (scripts.length === 0) return [];
  return [
    `it has install scripts (${scripts.join(', ')}), which were not run; once you have read them: npm rebuild ${name}`,
  ];
}

function describe(
  installed: InstalledPlugin,
  { plugin, hooks, notes, error }: Got,
  manager: string,
  { colors }: Output,
): string {
  const { package: name, packageVersion, place, shadowedBy } = installed;
  const lines = [
    `added ${colors.bold(safeName(`${name} ${packageVersion ?? ''}`.trim()))} with ${manager}  ${colors.dim(placeWords[place])}`,
    ...(plugin === null
      ? []
      : [
          `  plugin ${safeName(plugin)}: ${hooks.length === 0 ? 'no hooks that could be read' : hooks.map(safeName).join(', ')}`,
        ]),
    ...notes.map((it) => `  ${colors.yellow('note:')} ${safeText(it)}`),
    ...(shadowedBy === null
      ? []
      : [`  ${colors.yellow('hidden')} by a nearer package of that name: ${safeName(shadowedBy)}`]),
  ];
  if (error !== undefined) {
    return [
      ...lines,
      `  ${colors.red('cannot be loaded:')} ${safeLines(error.message)}`,
      `    ${colors.cyan('→')} ${safeText(error.remedy ?? '')}`,
    ].join('\n');
  }
  return [
    ...lines,
    `Use it with --plugin ${safeName(name)}, or write into criu.config.ts:`,
    `  plugins: ['${safeName(name)}'],`,
    "--plugins installed (plugins: 'installed') loads all that are installed.",
  ].join('\n');
}
