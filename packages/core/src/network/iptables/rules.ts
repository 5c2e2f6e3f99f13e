import type { Door, Flow, FlowEnd } from '@criujs/linux';
import { passMark } from '../../facts/tcp.ts';
import { hostText } from '../../kinds/files/inet/address.ts';

/** A rule of the table `filter`: the chain that it is in, and what it says. */
export interface Rule {
  readonly program: Program;
  readonly chain: 'INPUT' | 'OUTPUT';
  readonly text: string;
}

/** Each has its own rules. iptables(8) */
export const programs = ['iptables', 'ip6tables'] as const;
export type Program = (typeof programs)[number];

/** The mark, as the programs print it. */
export const markText: string = `0x${passMark.toString(16)}`;

/** What has this mark passes, as in rules of CRIU: they are the same, word by word, so that each of us takes those of the other away. */
const unmarked = `-p tcp -m mark ! --mark ${markText}`;

/** The rules that drop all packets of connections, in both directions, but those with a mark. criu/netfilter.c */
export function flowRules(flows: readonly Flow[]): Rule[] {
  return flows.flatMap(({ here, there }): Rule[] => {
    const program = programFor(here.address);
    return [
      { program, chain: 'INPUT', text: between(there, here) },
      { program, chain: 'OUTPUT', text: between(here, there) },
    ];
  });
}

/** The rules that drop what would begin a connection to one of these. */
export function doorRules(doors: readonly Door[]): Rule[] {
  return doors.flatMap(({ port, address, family }) => {
    const at = address === null ? '' : ` -d ${textOf(address)}`;
    const text = `${unmarked}${at} --dport ${port} --tcp-flags SYN,ACK SYN -j DROP`;
    const wanted = family === null ? programs : family === 'ipv4' ? programs.slice(0, 1) : programs.slice(1);
    return wanted.map((program): Rule => ({ program, chain: 'INPUT', text }));
  });
}

/** What iptables-restore(8) reads, with `--noflush`, to have all rules of a program made, before all others, or taken away; none: nothing. */
export function batchOf(program: Program, rules: readonly Rule[], what: 'make' | 'remove'): string {
  const lines = rules
    .filter((rule) => rule.program === program)
    .map(({ chain, text }) => `${what === 'make' ? '-I' : '-D'} ${chain} ${text}`);
  // Each was put before all others: the last made is found at once.
  if (what === 'remove') lines.reverse();
  return lines.length === 0 ? '' : `${['*filter', ...lines, 'COMMIT'].join('\n')}\n`;
}

function between(from: FlowEnd, to: FlowEnd): string {
  return `${unmarked} -s ${textOf(from.address)} --sport ${from.port} -d ${textOf(to.address)} --dport ${to.port} -j DROP`;
}

function programFor(address: Uint8Array): Program {
  return address.length === 4 ? 'iptables' : 'ip6tables';
}

function textOf(bytes: Uint8Array): string {
  return hostText({ family: bytes.length === 4 ? 2 : 10, bytes });
}
