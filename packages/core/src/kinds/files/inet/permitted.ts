import { readFileSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { readStatus } from '@criujs/linux';
import { capability } from '../../../facts/capabilities.ts';
import { inetType, portStart, tcpState } from '../../../facts/inet.ts';
import { entryWords } from './entry.ts';
import type { InetEntry } from './entry-options.ts';

/** SHUT_RDWR, as images have it. */
const bothShut = 3;

/**
 * Whether this user may make sockets again, as far as that can be told before anything is made.
 * @param rights capabilities in force; absent: ours
 * @param first the first port that anybody may have
 * @throws EngineError NOT_PERMITTED
 */
export function checkPlaces(
  all: readonly InetEntry[],
  rights: () => bigint = () => readStatus(process.pid).capEff,
  first: number = firstPort(),
): void {
  if (all.length === 0) return;
  const mask = rights();
  const has = (number: number): boolean => (mask & (1n << BigInt(number))) !== 0n;
  if (!has(capability.NET_RAW)) {
    const raw = all.find(({ type }) => type === inetType.raw);
    if (raw !== undefined) throw denied(raw, 'it is a raw socket, which this user may not make', 'Restore as root.');
  }
  if (has(capability.NET_BIND_SERVICE)) return;
  const low = all.find((own) => own.type !== inetType.raw && own.srcPort !== 0 && own.srcPort < first && !isOver(own));
  if (low === undefined) return;
  const remedy = `Restore as root, or let everybody have port ${low.srcPort}: sysctl net.ipv4.ip_unprivileged_port_start=${low.srcPort}.`;
  throw denied(low, `this user may not have a port below ${first}`, remedy);
}

/** A connection that is over has its port no more. */
function isOver({ type, state, shutdown }: InetEntry): boolean {
  return type === inetType.stream && state === tcpState.closed && shutdown === bothShut;
}

/** The first port that anybody may have; where nobody says it, that of older kernels. */
function firstPort(): number {
  try {
    return Number(readFileSync(portStart, 'utf8'));
  } catch {
    return 1024;
  }
}

function denied(own: InetEntry, why: string, remedy: string): EngineError {
  const what = entryWords(own);
  return new EngineError('NOT_PERMITTED', `${what} cannot be made again: ${why}`, { resource: what, remedy });
}
