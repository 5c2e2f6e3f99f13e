import { readdirSync, readlinkSync } from 'node:fs';
import { type InetFamily, inetSockets, readStat } from '@criujs/linux';
import { inetType } from '../../../facts/inet.ts';
import type { InetEntry } from './entry-options.ts';

/** Who has the port of a socket of the images by now: `process 12 (nginx)`; null: nobody can tell. */
export function portHolder({ type, proto, srcPort }: InetEntry): string | null {
  if (type === inetType.raw) return null;
  const inodes = new Set(([2, 10] as const).flatMap((family) => socketsAt(family, proto, srcPort)));
  if (inodes.size === 0) return null;
  for (const pid of readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)) {
    if (pid !== process.pid && holds(pid, inodes)) return `process ${pid} (${commandOf(pid)})`;
  }
  return null;
}

function socketsAt(family: InetFamily, protocol: number, port: number): string[] {
  try {
    return inetSockets(family, protocol)
      .filter(({ sourcePort }) => sourcePort === port)
      .map(({ inode }) => `socket:[${inode}]`);
  } catch {
    return [];
  }
}

/** Not where this user may not look, nor where the process is gone. */
function holds(pid: number, links: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => links.has(readlinkSync(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return readStat(pid).comm;
  } catch {
    return '?';
  }
}
