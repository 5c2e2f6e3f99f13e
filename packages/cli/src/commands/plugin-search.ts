import { safeName, safeText } from '@criujs/core';
import { pluginKeyword } from '@criujs/plugin-host';
import type { Output } from '../output.ts';
import { type RegistryPackage, searchPlugins } from '../registry/lookup.ts';
import { attended } from '../run-options.ts';
import { UsageError } from '../usage-error.ts';

/** @returns 0, also when the registry has none */
export async function pluginSearchCommand(words: readonly string[], cwd: string, output: Output): Promise<number> {
  const option = words.find((it) => it.startsWith('-'));
  if (option !== undefined)
    throw new UsageError(`${option} is not a word to look for`, 'Look for words of a description.');
  const found = await attended('searching', output, ({ signal }) => searchPlugins(words, { cwd, signal }));
  const packages = found.map(({ name, version, description, keywords, date }) => {
    return { package: name, packageVersion: version, description, keywords, date };
  });
  output.result(
    { ok: true, command: 'plugin search', words, packages },
    found.length === 0 ? none(words) : table(found, output),
  );
  return 0;
}

function none(words: readonly string[]): string {
  const what = words.length === 0 ? '' : ` for ${safeText(words.join(' '))}`;
  return `The registry has no package with the keyword ${pluginKeyword}${what}.`;
}

function table(found: readonly RegistryPackage[], { colors }: Output): string {
  const rows = found.map((it) => {
    const day = it.date?.slice(0, 10) ?? '';
    return {
      name: safeName(it.name),
      version: safeName(it.version),
      day: safeName(day),
      about: safeText(it.description),
    };
  });
  const width = (key: 'name' | 'version' | 'day'): number => Math.max(...rows.map((row) => row[key].length));
  const [names, versions, days] = [width('name'), width('version'), width('day')];
  const lines = rows.map(({ name, version, day, about }) => {
    const columns = [
      colors.bold(name.padEnd(names)),
      version.padEnd(versions),
      ...(days === 0 ? [] : [day.padEnd(days)]),
    ];
    return [...columns, colors.dim(about)].join('  ').trimEnd();
  });
  const last = 'Look at one before you use it: criujs plugin check NAME. Install it: criujs plugin add NAME.';
  return [...lines, colors.dim(last)].join('\n');
}
