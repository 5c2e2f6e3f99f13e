import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { unlockNetwork } from '@criujs/core';
import { nft, noIptables } from './machine.ts';

/** Tables of nf_tables that drop packets of connections: those that a dump has made, ours or CRIU's. None where nobody can tell. */
export function heldTables(): string[] {
  if (nft === null) return [];
  const text = execFileSync(nft, ['list', 'tables'], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => /^table inet (CRIU-.*)$/.exec(line.trim())?.[1] ?? []);
}

/** Rules of iptables and ip6tables that do, each behind its program. None where nobody can tell. */
export function heldRules(): string[] {
  if (noIptables !== null) return [];
  return ['iptables', 'ip6tables'].flatMap((program) => {
    const lines = execFileSync(program, ['-w', '-S'], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => line.includes('0xc114')).map((line) => `${program} ${line}`);
  });
}

/** Whether anybody's packets are dropped. */
export function isHeld(): boolean {
  return heldTables().length > 0 || heldRules().length > 0;
}

/** Lets packets pass of all dumps below a folder: a test that failed between a dump and its restore leaves them dropped. */
export async function releaseBelow(folder: string): Promise<void> {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name);
    if (basename(file) !== 'criujs.json' || locksIn(file) === 0) continue;
    // What a killed dump leaves is no whole one, and holds nothing.
    await unlockNetwork({ images: dirname(file) }).catch(() => undefined);
  }
}

/** How many blocks of the network images say; 0 where a test has damaged them. */
function locksIn(file: string): number {
  if (!lstatSync(file).isFile()) return 0;
  try {
    const { networkLocks = [] } = JSON.parse(readFileSync(file, 'utf8')) as { networkLocks?: readonly unknown[] };
    return networkLocks.length;
  } catch {
    return 0;
  }
}
