import { resolve } from 'node:path';
import { type DumpResult, dump, type GivenOptions, safeText } from '@criujs/core';
import type { Output } from '../output.ts';
import { attended, type RunFlags, runOptions } from '../run-options.ts';
import { givenOptions } from '../stage-flags.ts';
import { count, formatBytes, formatMs } from '../units.ts';

export interface DumpFlags extends RunFlags, GivenOptions<'dump'> {
  readonly tree: number;
  readonly imagesDir: string;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
  readonly force: boolean;
}

export async function dumpCommand(flags: DumpFlags, cwd: string, output: Output): Promise<number> {
  const { tree: pid, imagesDir, leaveRunning, dumpOnly, force } = flags;
  const { config, ...options } = await runOptions(flags, cwd, output);
  const given = givenOptions('dump', config, flags);
  const images = resolve(cwd, imagesDir);
  const result = await attended(`dumping ${pid}`, output, (attention) =>
    dump({ ...options, ...attention, ...given, pid, images, leaveRunning, dumpOnly, force }),
  );
  for (const warning of result.warnings) output.warning(warning);
  output.result(
    { ok: true, command: 'dump', images, leftRunning: leaveRunning, ...result },
    safeText(describe(result, imagesDir, leaveRunning)),
  );
  return 0;
}

/** What is left to the user where the network is held. */
function held({ networkLock }: DumpResult, directory: string): string {
  if (networkLock === undefined) return '';
  const { method, connections } = networkLock;
  const all = connections.length === 1 ? 'TCP connection' : `${connections.length} TCP connections`;
  if (method === 'skip') return ` Packets of its ${all} are not dropped (--network-lock skip).`;
  return ` Packets of its ${all} are dropped until it is restored here with --tcp-established, or let pass with: criujs network unlock -D ${directory}`;
}

function describe(result: DumpResult, directory: string, leaveRunning: boolean): string {
  const { pid, processes, threads, bytes, frozenMs, totalMs, plugins } = result;
  const what = `${count(processes, 'process', 'processes')}, ${count(threads, 'thread', 'threads')}, ${formatBytes(bytes)} of memory`;
  const by = plugins.length === 0 ? '' : `; plugins: ${plugins.join(', ')}`;
  const end = leaveRunning ? 'it runs on' : 'it has ended';
  return `dumped ${pid} to ${directory}: ${what}${by}. It was frozen for ${formatMs(frozenMs)} of ${formatMs(totalMs)}; ${end}.${held(result, directory)}`;
}
