import { exitCodes, safeName } from '@criujs/core';
import { installedPlugins, type PlaceKind, placeWords } from '@criujs/plugin-host';
import { gt, valid } from 'semver';
import type { Output } from '../output.ts';
import { latestOf } from '../registry/lookup.ts';
import { attended } from '../run-options.ts';
import { count } from '../units.ts';

interface Row {
  readonly package: string;
  readonly current: string | null;
  /** null: the registry does not have this package. */
  readonly latest: string | null;
  readonly outdated: boolean;
  readonly place: PlaceKind;
  readonly folder: string;
}

/** How many packages are asked for at a time. */
const sideBySide = 4;

/** @returns 0, or 1 when the registry has a newer version of any, as `npm outdated` does */
export async function pluginOutdatedCommand(cwd: string, output: Output): Promise<number> {
  const installed = installedPlugins({ cwd });
  const names = [...new Set(installed.map((it) => it.package))];
  const latest = await attended('asking the registry', output, ({ signal }) =>
    inTurn(names, (name) => latestOf(name, { cwd, signal })),
  );
  const plugins = installed.map(({ package: name, packageVersion: current, place, folder }): Row => {
    const newest = latest.get(name) ?? null;
    return { package: name, current, latest: newest, outdated: isNewer(newest, current), place, folder };
  });
  output.result({ ok: true, command: 'plugin outdated', plugins }, describe(plugins, output));
  return plugins.some((it) => it.outdated) ? exitCodes.failed : exitCodes.done;
}

/** A prerelease that is ahead of the latest release is not outdated. */
function isNewer(latest: string | null, current: string | null): boolean {
  if (latest === null || valid(latest) === null) return false;
  return current === null || valid(current) === null || gt(latest, current);
}

async function inTurn<T>(names: readonly string[], ask: (name: string) => Promise<T>): Promise<ReadonlyMap<string, T>> {
  const answers = new Map<string, T>();
  const rest = [...names];
  const worker = async (): Promise<void> => {
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) answers.set(name, await ask(name));
  };
  await Promise.all(Array.from({ length: sideBySide }, worker));
  return answers;
}

function describe(plugins: readonly Row[], { colors, verbose }: Output): string {
  const shown = plugins.filter((it) => verbose || it.outdated || it.latest === null);
  const width = Math.max(0, ...shown.map((it) => it.package.length));
  const lines = shown.map((it) => {
    const news = it.latest === null ? colors.dim('not on the registry') : safeName(it.latest);
    const arrow = it.outdated ? colors.yellow('→') : ' ';
    const current = safeName(it.current ?? 'no version');
    return `${safeName(it.package).padEnd(width)}  ${current} ${arrow} ${news}  ${colors.dim(placeWords[it.place])}`;
  });
  const old = plugins.filter((it) => it.outdated);
  if (old.length === 0) {
    const all =
      plugins.length === 0
        ? 'No plugin is installed.'
        : `No newer version of ${count(plugins.length, 'plugin', 'plugins')}.`;
    return [...lines, all].join('\n');
  }
  const flags: Readonly<Record<PlaceKind, string>> = { project: '', criujs: ' --global', system: ' --system' };
  const commands = old.map((it) => `  criujs plugin add ${safeName(it.package)}@latest${flags[it.place]}`);
  return [...lines, 'Install the newer versions:', ...commands].join('\n');
}
