import { realpathSync } from 'node:fs';
import { exitCodes, safeLines, safeName } from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import { locatePlugin } from '@criujs/plugin-host';
import { readManifest } from '@criujs/plugin-host/manifest';
import { type Inspected, inspectTarget } from '../inspect-target.ts';
import type { Output } from '../output.ts';
import { parsePluginOptions } from '../plugin-options.ts';
import { attended } from '../run-options.ts';
import { badgeOf } from '../trial/badge.ts';
import { type Fetched, fetchPackage } from '../trial/fetch-package.ts';
import { type Finding, judgeLoaded, judgePackage } from '../trial/judge.ts';
import { shownAfter } from '../trial/pretend.ts';
import { makeScratch, type Scratch } from '../trial/scratch.ts';
import { tryPlugin } from '../trial/try-plugin.ts';

export interface CheckPluginFlags {
  readonly pluginOption: readonly string[];
  readonly timeout?: number;
  readonly badge?: boolean;
}

const defaultSeconds = 120;

interface Report {
  readonly package: string;
  readonly packageVersion: string | null;
  readonly plugin: string | null;
  readonly findings: readonly Finding[];
  readonly badge: string;
}

/** @returns 0, or 4 when a check failed */
export async function pluginCheckCommand(
  wanted: string,
  flags: CheckPluginFlags,
  cwd: string,
  output: Output,
): Promise<number> {
  const scratch = makeScratch();
  let report: Report;
  try {
    report = await attended(`checking ${wanted}`, output, async ({ signal }) => {
      const abort = signal ?? new AbortController().signal;
      const fetched = await fetchPackage(wanted, scratch, { cwd, signal: abort });
      return examine(fetched, scratch, flags, abort);
    });
  } finally {
    scratch.remove();
  }
  const ok = report.findings.every((it) => it.status !== 'failed');
  const text = describe(report, flags.badge === true ? output.errorColors : output.colors);
  if (flags.badge === true && !output.json) {
    output.note(text);
    output.result({}, report.badge);
  } else output.result({ ok, command: 'plugin check', ...report }, text);
  return ok ? exitCodes.done : exitCodes.plugin;
}

async function examine(
  fetched: Fetched,
  scratch: Scratch,
  { pluginOption, timeout: seconds = defaultSeconds }: CheckPluginFlags,
  signal: AbortSignal,
): Promise<Report> {
  const { name, version, folder, packageJson } = fetched;
  const reading = readManifest(packageJson);
  const manifest = reading.state === 'valid' ? reading.manifest : null;
  const before = judgePackage(fetched, await inspect(folder, scratch));
  const file = fileIn(folder, scratch);
  const trial = {
    plugin: file ?? folder,
    shown: (manifest && shownAfter(manifest)) ?? null,
    options: optionsIn(pluginOption),
    cwd: scratch.project,
  };
  const outcome = await tryPlugin(trial, scratch, { seconds, signal });
  const findings = [...before, judgeLoaded(fetched, outcome), ...outcome.checks];
  const plugin = outcome.loaded?.plugin ?? manifest?.plugin ?? null;
  return {
    package: name,
    packageVersion: version,
    plugin,
    findings,
    badge: badgeOf({ name, version }, findings, new Date()),
  };
}

async function inspect(folder: string, { project }: Scratch): Promise<Inspected | Error> {
  try {
    return await inspectTarget(folder, project);
  } catch (error) {
    return error as Error;
  }
}

/** undefined: there is none, which loading says best. */
function fileIn(folder: string, { project }: Scratch): string | undefined {
  try {
    return realpathSync(locatePlugin(folder, project));
  } catch {
    return undefined;
  }
}

/** Only one plugin is loaded: whichever name the options have, they are its own. */
function optionsIn(settings: readonly string[]): unknown {
  return Object.values(parsePluginOptions(settings)).at(0);
}

function describe({ package: name, packageVersion, plugin, findings }: Report, colors: Colors): string {
  const marks = { passed: colors.green('✓'), failed: colors.red('✗'), skipped: colors.dim('–') };
  const title = `${colors.bold(safeName(`${name} ${packageVersion ?? ''}`.trim()))}${plugin === null ? '' : `  plugin ${safeName(plugin)}`}`;
  const width = Math.max(...findings.map((it) => it.name.length));
  const lines = findings.map(({ name: check, status, why }) => {
    const more = why === undefined ? '' : safeLines(why).replaceAll('\n', '\n    ');
    return `  ${marks[status]} ${check.padEnd(width)}  ${status === 'failed' ? more : colors.dim(more)}`.trimEnd();
  });
  const failed = findings.filter((it) => it.status === 'failed').length;
  const verdict =
    failed > 0
      ? `${failed} of ${findings.length} checks failed.`
      : 'No check failed. They say how it behaves on pretended resources, not that it means no harm.';
  return [title, ...lines, verdict].join('\n');
}
