import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Thrown } from '@criujs/plugin-sdk';
import { placeText } from '../facts/thrown-text.ts';
import { type CodeFolder, folderOf } from './folder.ts';

/** An address that can be shown and opened without a second look. */
const plainAddress = /^https:\/\/[a-z0-9.-]+(\/[\w./~-]*)?$/i;
const longestAddress = 200;

/** Managers by the lock file in a project; what runs a script there. */
const managers = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun run'],
] as const;

/**
 * What to do about code that threw: its author is told where to fix it, whoever installed it whom to tell.
 * @param plugin by the name that the user knows
 */
export function remedyForThrow(plugin: string, folder: CodeFolder | undefined, { name, at }: Thrown): string {
  if (folder?.isInstalled === true) return `${reportTo(plugin, folder)}, or run without it.`;
  if (at === undefined) return `Fix plugin ${plugin}, or run without it.`;
  // It is no mistake in the code, and who runs it should not have to read that.
  if (name === 'PluginError') return `Give the PluginError at ${placeText(at)} a remedy that says what to do about it.`;
  return `Fix ${placeText(at)}, or run without ${plugin}.${folder === undefined ? '' : howToDebug(folder.path)}`;
}

/**
 * A remedy that speaks to the author of a plugin, if that is who reads it.
 * @param home the folder of the plugin's module; undefined: it came as an object, from whoever wrote the program
 * @param first what a user can try before anything else
 */
export function remedyFor(plugin: string, home: string | undefined, authors: string, first?: string): string {
  const folder = home === undefined ? undefined : folderOf(home);
  if (folder?.isInstalled !== true) return authors;
  const report = reportTo(plugin, folder);
  return first === undefined
    ? `${report}, or run without it.`
    : `${first}; otherwise ${report[0]?.toLowerCase()}${report.slice(1)}, or run without it.`;
}

function reportTo(plugin: string, { manifest }: CodeFolder): string {
  const bugs = manifest?.['bugs'];
  const address = typeof bugs === 'object' && bugs !== null ? (bugs as Record<string, unknown>)['url'] : bugs;
  const isPlain = typeof address === 'string' && address.length <= longestAddress && plainAddress.test(address);
  // folderOf has checked it.
  const name = typeof manifest?.['name'] === 'string' ? manifest['name'] : plugin;
  return `Report it to the author of ${name}${isPlain ? ` (${address})` : ''}`;
}

/** What the generator of plugins leaves in a project, as far as it is there. */
function howToDebug(project: string): string {
  if (!existsSync(join(project, 'example', 'dev.ts'))) return '';
  const run = managers.find(([lock]) => existsSync(join(project, lock)))?.[1] ?? 'npm run';
  const launch = existsSync(join(project, '.vscode', 'launch.json'));
  const stop = launch ? ', and .vscode/launch.json stops at a breakpoint in it' : '';
  return ` \`${run} dev\` shows each call${stop}.`;
}
