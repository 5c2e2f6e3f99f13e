import { exitCodes } from '@criujs/core';
import { hooksRead } from '@criujs/legacy-compat/inspect';
import { hookTable } from '@criujs/plugin-sdk';
import { inspectTarget } from '../inspect-target.ts';
import { describePlugin } from '../inspect-text.ts';
import type { Output } from '../output.ts';

/** @returns 0, or 4 when the embedded engine would not load it */
export async function pluginInspectCommand(target: string, cwd: string, output: Output): Promise<number> {
  const { plugin, manifest, embedded, criu } = await inspectTarget(target, cwd);
  const hooks = plugin.hooks.map(({ hook, function: name }) => {
    const { number, since } = hookTable[hook];
    return { hook, number, since, function: name };
  });
  const data = {
    ok: true,
    command: 'plugin inspect',
    plugin: { ...plugin, hooks },
    hooksRead: hooksRead(plugin),
    manifest,
    embedded,
    criu,
  };
  output.result(data, describePlugin(plugin, { manifest, embedded, criu }, output.colors));
  return embedded.loads === false ? exitCodes.plugin : exitCodes.done;
}
