import { execFileSync } from 'node:child_process';
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
