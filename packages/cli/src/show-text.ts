import {
  type ShownDump,
  type ShownFile,
  type ShownInventory,
  type ShownPart,
  type ShownSection,
  type ShownTake,
  type ShownTask,
  safeName,
  safeText,
} from '@criujs/core';
import type { Colors } from '@criujs/engine-kit/safe-text';
import { count, formatBytes } from './units.ts';

/** At most this many lines of a part are printed. */
const mostLines = 40;
/** Deeper trees are not shown deeper. */
const mostLevels = 12;

/** A dump in words. All text in it comes from the images: it is made safe for a terminal. */
export function describeDump(shown: ShownDump, directory: string, colors: Colors): string {
  const { tasks, files, taken, sections, problems } = shown;
  const parts = [
    describeInventory(shown, directory, colors),
    block(count(tasks.length, 'process', 'processes'), describeTasks(tasks, colors), colors),
    block(
      count(files.length, 'file', 'files'),
      files.map((file) => describeFile(file, colors)),
      colors,
    ),
    block(
      'Taken by plugins',
      taken.map((it) => describeTake(it, colors)),
      colors,
    ),
    block(
      'Parts of plugins',
      sections.flatMap((section) => describeSection(section, colors)),
      colors,
    ),
    block(
      colors.red(count(problems.length, 'problem', 'problems')),
      problems.map((problem) => `  ${safeName(problem)}`),
      colors,
    ),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

/** A heading and its lines; nothing if there are none. */
function block(heading: string, lines: readonly string[], { bold }: Colors): string {
  return lines.length === 0 ? '' : [bold(heading), ...lines].join('\n');
}

function describeInventory({ inventory, bytes }: ShownDump, directory: string, { bold, red }: Colors): string {
  const title = `${bold(safeText(directory))}: ${formatBytes(bytes)}`;
  if (inventory === null) return `${title}, ${red('incomplete dump')}`;
  return `${title}, images of version ${inventory.version}${describePlugins(inventory)}`;
}

function describePlugins({ plugins, loaded }: ShownInventory): string {
  if (loaded === null)
    return plugins === null || plugins.length === 0 ? '' : `; plugins: ${plugins.map(safeName).join(', ')}`;
  if (loaded.length === 0) return '; without plugins';
  const named = loaded.map(({ name, version, required, inventoryName }) => {
    const isNeeded = required || plugins?.includes(inventoryName ?? name) === true;
    return `${nameOf(name, version)}${isNeeded ? '' : ' (not needed)'}`;
  });
  return `; plugins: ${named.join(', ')}`;
}

function describeTasks(tasks: readonly ShownTask[], { dim }: Colors): string[] {
  const levels = new Map<number, number>();
  return tasks.map(({ pid, ppid, command, state, threads, memory, program }) => {
    const level = Math.min(mostLevels, (levels.get(ppid) ?? -1) + 1);
    levels.set(pid, level);
    const facts = [
      state ?? 'state unknown',
      ...(state === 'zombie' ? [] : [count(threads, 'thread', 'threads')]),
      ...(memory === null ? [] : [`${formatBytes(memory)} of memory`]),
    ];
    const path = program === null ? '' : `  ${safeName(program)}`;
    return `  ${'  '.repeat(level)}${pid} ${safeName(command ?? '?')}  ${dim(facts.join(', '))}${path}`;
  });
}

function describeFile({ id, kind, name, holders, provider }: ShownFile, { dim, cyan }: Colors): string {
  const by = provider === null ? '' : `  ${cyan(`plugin ${nameOf(provider.name, provider.version)}`)}`;
  return `  ${String(id).padStart(4)} ${kind.padEnd(9)} ${safeName(name ?? '')}${describeHolders(holders, dim)}${by}`;
}

function describeTake({ resource, provider: { name, version } }: ShownTake, { cyan }: Colors): string {
  return `  ${safeName(resource)}  ${cyan(`plugin ${nameOf(name, version)}`)}`;
}

/** `4242: 0,1; 4243: 0` */
function describeHolders(holders: ShownFile['holders'], dim: Colors['dim']): string {
  if (holders.length === 0) return '';
  const pids = [...new Set(holders.map(({ pid }) => pid))];
  const numbers = (pid: number): string => holders.flatMap((it) => (it.pid === pid ? [it.fd] : [])).join(',');
  return `  ${dim(`held by ${pids.map((pid) => `${pid}: ${numbers(pid)}`).join('; ')}`)}`;
}

function describeSection(
  { plugin, version, apiVersion, imageVersion, parts }: ShownSection,
  { dim }: Colors,
): string[] {
  const known = [apiVersion === null ? [] : `API ${apiVersion}`, imageVersion === null ? [] : `image ${imageVersion}`];
  const versions = known.flat().join(', ');
  return [
    `  ${nameOf(plugin, version)}${versions === '' ? '' : dim(` (${versions})`)}`,
    ...parts.flatMap((part) => describePart(part, dim)),
  ];
}

function describePart(part: ShownPart, dim: Colors['dim']): string[] {
  const title = `    ${safeName(part.name)}  ${dim(formatBytes(part.bytes))}`;
  if (!('json' in part)) return [title];
  const lines = JSON.stringify(part.json, null, 2).split('\n');
  const more = lines.length > mostLines ? [dim(`      … ${lines.length - mostLines} more lines, in --json`)] : [];
  return [title, ...lines.slice(0, mostLines).map((line) => `      ${safeName(line)}`), ...more];
}

function nameOf(name: string, version: string | null): string {
  return safeName(version === null ? name : `${name} ${version}`);
}
