import { resolve } from 'node:path';
import { type DumpResult, dump, type NetworkLock, safeText } from '@criujs/core';
import type { Output } from '../output.ts';
import { attended, type RunFlags, runOptions } from '../run-options.ts';
import { count, formatBytes, formatMs } from '../units.ts';

export interface DumpFlags extends RunFlags {
  readonly tree: number;
  readonly imagesDir: string;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
  readonly force: boolean;
  readonly ghostLimit?: number;
  readonly linkRemap: boolean;
  readonly fileLocks: boolean;
  readonly shellJob: boolean;
  readonly extUnixSk: boolean;
  readonly tcpEstablished: boolean;
  readonly tcpClose: boolean;
  readonly skipInFlight: boolean;
  readonly networkLock?: NetworkLock;
  readonly external: readonly string[];
}

export async function dumpCommand(flags: DumpFlags, cwd: string, output: Output): Promise<number> {
  const { tree: pid, imagesDir, leaveRunning, dumpOnly, force, ghostLimit, linkRemap } = flags;
  const { fileLocks, shellJob, extUnixSk, tcpEstablished, tcpClose, skipInFlight, networkLock } = flags;
  const { config, ...options } = await runOptions(flags, cwd, output);
  const external = [...(config.external ?? []), ...flags.external];
  const images = resolve(cwd, imagesDir);
  const result = await attended(`dumping ${pid}`, output, (attention) =>
    dump({
      ...{ ...options, ...attention, pid, images, leaveRunning, dumpOnly, force },
      ...{ ghostLimit, linkRemap, fileLocks, shellJob, extUnixSk, external },
      ...{ tcpEstablished, tcpClose, skipInFlight, networkLock },
    }),
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
