import { execFileSync } from 'node:child_process';
import { nft } from './machine.ts';

/** Tables of nf_tables that drop packets of connections: those that a dump has made, ours or CRIU's. None where nobody can tell. */
export function heldTables(): string[] {
  if (nft === null) return [];
  const text = execFileSync(nft, ['list', 'tables'], { encoding: 'utf8' });
  return text.split('\n').flatMap((line) => /^table inet (CRIU-.*)$/.exec(line.trim())?.[1] ?? []);
}
