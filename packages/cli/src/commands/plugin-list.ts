import { safeLines, safeName, safeText } from '@criujs/core';
import { type InstalledPlugin, installedPlugins, pluginKeyword } from '@criujs/plugin-host';
import type { Colors } from '../colors.ts';
import type { Output } from '../output.ts';
import { pluginLoaders } from '../run-options.ts';

/** @returns 0, even if a plugin cannot be loaded */
export async function pluginListCommand(cwd: string, output: Output): Promise<number> {
  const found = await installedPlugins({ cwd, loaders: await pluginLoaders(1) });
  const plugins = found.map(({ error, ...it }) => {
    return error === undefined
      ? it
      : { ...it, error: { code: error.code, message: error.message, remedy: error.remedy } };
  });
  const none = `No plugin is installed: no package with the keyword ${pluginKeyword} is in node_modules of ${safeText(cwd)} or above.`;
  const text = found.length === 0 ? none : found.map((it) => describe(it, output.colors)).join('\n');
  output.result({ ok: true, command: 'plugin list', plugins }, text);
  return 0;
}

function describe({ package: name, packageVersion, plugin, error }: InstalledPlugin, colors: Colors): string {
  const title = colors.bold(safeName(packageVersion === null ? name : `${name} ${packageVersion}`));
  if (plugin === null) {
    const remedy = error?.remedy === undefined ? [] : [`    ${colors.cyan('→')} ${safeText(error.remedy)}`];
    return [title, `  ${colors.red('cannot be loaded:')} ${safeLines(error?.message ?? '')}`, ...remedy].join('\n');
  }
  const { version, apiVersion, hooks, hasOptions } = plugin;
  const own = version === null ? plugin.name : `${plugin.name} ${version}`;
  const options = hasOptions ? 'checks its options' : 'no schema for options';
  return [
    title,
    `  plugin ${safeName(own)}  ${colors.dim(`API ${apiVersion}, ${options}`)}`,
    `  ${hooks.length === 0 ? 'no hooks' : safeText(hooks.join(', '))}`,
  ].join('\n');
}
