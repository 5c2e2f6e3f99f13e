import { createPluginHost, type PlanningHost } from '@criujs/plugin-host';
import {
  compareManifest,
  type ManifestDifference,
  manifestProblemText,
  type ResourceQuestion,
  readManifest,
} from '@criujs/plugin-host/manifest';
import type { HookName, Plugin, PluginManifest } from '@criujs/plugin-sdk';
import { KitError } from './errors.ts';
import { type NamedResource, resourcesIn } from './manifest-examples.ts';

export interface ManifestCheckOptions {
  /** The plugin's own options, with which its claims are asked. Default: none. */
  readonly options?: unknown;
}

/**
 * Compares the field `criu` of a package.json with the plugin that its package has: name, versions and hooks; and whether the plugin
 * claims what the manifest says that it takes, as far as that can be told without the real thing. A resource of a hook that has no
 * `claim`, a pattern with `*`, and a device that this machine lacks are left alone.
 * @param packageJson what JSON.parse gives
 * @throws KitError MANIFEST_DIFFERS: all that differs, and what to write; HostError when the options do not fit
 */
export async function checkManifest(
  plugin: Plugin,
  packageJson: unknown,
  { options }: ManifestCheckOptions = {},
): Promise<void> {
  const reading = readManifest(packageJson);
  const { name } = plugin;
  if (reading.state === 'absent') {
    const remedy = `Add it: "criu": ${JSON.stringify(manifestOf(plugin))}`;
    throw new KitError('MANIFEST_DIFFERS', 'package.json has no field criu', { plugin: name, remedy });
  }
  if (reading.state === 'invalid') throw differs(name, reading.problems.map(manifestProblemText));
  const { manifest, unknown } = reading;
  const given = options === undefined ? {} : { options: { [name]: options } };
  const host = await createPluginHost({ plugins: [plugin], ...given });
  const all = [
    ...unknown.map((path) => `${path} is not a field of a manifest: remove it, or mend its name`),
    ...compareManifest(manifest, codeOf(plugin)).map(differenceText),
    ...(await resourceProblems(manifest, host)),
  ];
  if (all.length > 0) throw differs(name, all);
}

function differs(plugin: string, lines: readonly string[]): KitError {
  const count = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  const message = [`package.json does not say what plugin ${plugin} is:`, ...lines.map((it) => `  ${it}`)].join('\n');
  const remedy = `Change the field criu of package.json as the ${count} above say, or the code.`;
  return new KitError('MANIFEST_DIFFERS', message, { plugin, remedy });
}

function differenceText({ path, message, expected }: ManifestDifference): string {
  return `${message}: write ${expected} in ${path}`;
}

function manifestOf({ name, apiVersion, hooks, imageVersion = 1 }: Plugin): object {
  return { plugin: name, apiVersion, hooks: hooks.map(({ hook }) => hook), imageVersion, resources: {} };
}

function codeOf({ name, apiVersion, hooks, imageVersion = 1 }: Plugin): Parameters<typeof compareManifest>[1] {
  return { plugin: name, apiVersion, imageVersion, hooks: hooks.map(({ hook }) => hook), complete: true };
}

async function resourceProblems({ resources = {} }: PluginManifest, host: PlanningHost): Promise<string[]> {
  const found = await Promise.all(resourcesIn(resources).map((it) => problemsOf(it, host)));
  return found.flat();
}

async function problemsOf({ path, hooks, examples, problem }: NamedResource, host: PlanningHost): Promise<string[]> {
  if (problem !== undefined) return [`${path} ${problem}`];
  const served = hooks.filter((it) => host.serves(it));
  if (served.length === 0) return [`${path} needs ${hooks.join(' or ')}, and the code has no such hook`];
  const asked = examples.filter(({ hook }) => served.includes(hook));
  if (asked.length === 0) return [];
  const says = await Promise.all(asked.map((it) => ask(it, host)));
  const failed = says.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) return [`${path}: ${failed.error}`];
  if (says.some(({ answer }) => answer !== 'no')) return [];
  const claims = says.map(({ hook }) => hook).join(' and ');
  return [`${path} is not claimed: the claim of ${claims} answers false`];
}

interface Said {
  readonly hook: HookName;
  readonly answer: 'yes' | 'no' | 'nothing';
  readonly error?: string;
}

async function ask({ hook, args }: ResourceQuestion, host: PlanningHost): Promise<Said> {
  const [claim] = await host.claims(hook, args as never);
  if (claim === undefined) return { hook, answer: 'nothing' };
  if (claim.says === 'failed') return { hook, answer: 'nothing', error: claim.error.message };
  return { hook, answer: claim.says };
}
