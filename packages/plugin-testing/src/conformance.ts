import { createPluginHost, type PluginLoader } from '@criujs/plugin-host';
import { isPlugin, type Plugin } from '@criujs/plugin-sdk';
import { type Check, checks, type Subject } from './conformance-checks.ts';
import { KitError } from './errors.ts';
import { loadOne } from './observe.ts';
import type { PretendTreeOptions } from './tree.ts';

/** What {@link conformance} asks of a plugin. */
export type CheckName =
  /** It restores what it claims at a dump, twice from the same image, in the order of either engine. */
  | 'round-trip'
  /** It declines what is not its own. */
  | 'decline'
  /** What its claims say at a plan is what it does at the dump. */
  | 'claim'
  /** Beside a plugin that claims everything, each restores what it dumped. */
  | 'double-claim'
  /** When a run fails at any call, it leaves no descriptor and no temporary file behind. */
  | 'failure'
  /** Its exit bears to be called twice, after success and failure, and after an init that failed. */
  | 'exit'
  /** Its schema refuses wrong options before anything runs. */
  | 'wrong-options';

/** All checks, in the order in which they run. */
export const checkNames: readonly CheckName[] = [
  'round-trip',
  'decline',
  'claim',
  'double-claim',
  'failure',
  'exit',
  'wrong-options',
];

export interface ConformanceOptions {
  /** What the plugin is for. Default: a little of everything, of which it may claim what it likes. */
  readonly tree?: PretendTreeOptions | undefined;
  /** The plugin's own options. */
  readonly options?: unknown;
  /** Options that its schema must refuse. Default: a number. */
  readonly wrongOptions?: readonly unknown[] | undefined;
  /** Checks that do not fit this plugin. */
  readonly skip?: readonly CheckName[] | undefined;
  readonly cwd?: string | undefined;
  readonly loaders?: readonly PluginLoader[] | undefined;
  readonly deadline?: number | undefined;
}

/** A plugin, or its name or path, with what its checks need. */
export interface ConformanceSpec extends ConformanceOptions {
  readonly plugin: string | Plugin;
}

export interface CheckReport {
  readonly name: CheckName;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly why?: string;
}

export interface ConformanceReport {
  readonly plugin: string;
  readonly checks: readonly CheckReport[];
}

/**
 * Checks that a plugin behaves as the contract asks, in one line and without a test runner.
 * @throws KitError NOT_CONFORMING: each check that failed, and why; HostError when it cannot be loaded
 */
export async function conformance(
  of: string | Plugin | ConformanceSpec,
  options: ConformanceOptions = {},
): Promise<ConformanceReport> {
  const spec = specOf(of, options);
  const reports: CheckReport[] = [];
  for (const name of checkNames) reports.push(await runCheck(spec, name));
  const { name: plugin } = await pluginOf(spec);
  const failed = reports.filter((it) => it.status === 'failed');
  if (failed.length === 0) return { plugin, checks: reports };
  const lines = failed.map(({ name, why }) => `  ${name}: ${why}`);
  throw new KitError(
    'NOT_CONFORMING',
    [`plugin ${plugin} does not conform: ${failed.length} of ${reports.length} checks failed`, ...lines].join('\n'),
    { plugin, remedy: 'Fix each check listed; a check that does not apply to this plugin can be skipped by name.' },
  );
}

/** One check of {@link conformance}, for test runners. @throws HostError when the plugin cannot be loaded */
export async function runCheck(spec: ConformanceSpec, name: CheckName): Promise<CheckReport> {
  if (spec.skip?.includes(name)) return { name, status: 'skipped', why: 'left out by the test' };
  const check: Check = checks[name];
  const subject: Subject = { ...spec, plugin: await pluginOf(spec) };
  const found = await check(subject);
  if (found === undefined) return { name, status: 'passed' };
  return 'skipped' in found
    ? { name, status: 'skipped', why: found.skipped }
    : { name, status: 'failed', why: found.failed };
}

/** Both ways to specify what to check, as one. */
export function specOf(of: string | Plugin | ConformanceSpec, options: ConformanceOptions = {}): ConformanceSpec {
  return typeof of === 'string' || isPlugin(of) ? { ...options, plugin: of } : { ...options, ...of };
}

async function pluginOf({ plugin, cwd, loaders }: ConformanceSpec): Promise<Plugin> {
  if (typeof plugin !== 'string') return plugin;
  const found = await loadOne(plugin, loaders ?? [], cwd ?? '.');
  if (found !== undefined) return found;
  // The host says best what is wrong with it.
  await createPluginHost({ plugins: [plugin], cwd, loaders });
  throw new KitError('NOT_CONFORMING', `${plugin} is not a plugin`, { plugin });
}
