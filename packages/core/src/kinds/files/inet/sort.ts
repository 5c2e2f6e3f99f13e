import { inetProtocol, inetType, tcpState } from '../../../facts/inet.ts';
import type { InetShape } from './options.ts';

/** What an internet socket is: each has a kind of its own. */
export type InetSort = 'udp' | 'raw' | 'tcp-listening' | 'tcp-unconnected' | 'tcp-connection' | 'tcp-over';

/** Of a TCP socket by its state; every other state is one of a connection. */
const byState: Readonly<Record<number, InetSort>> = {
  [tcpState.closed]: 'tcp-unconnected',
  [tcpState.listening]: 'tcp-listening',
};

/** By type and protocol. */
const byProtocol: readonly { readonly type: number; readonly protocol: number; readonly sort: InetSort }[] = [
  { type: inetType.datagram, protocol: inetProtocol.UDP, sort: 'udp' },
  { type: inetType.datagram, protocol: inetProtocol.UDPLITE, sort: 'udp' },
];

/**
 * Which kind takes a socket that is seen, or one of the images; null: none.
 * @param leads whether it leads somewhere, or did when it was connected
 */
export function sortOf(
  { type, protocol, state }: Omit<InetShape, 'family'> & { readonly state: number },
  leads: boolean,
): InetSort | null {
  if (type === inetType.raw) return 'raw';
  if (type === inetType.stream && protocol === inetProtocol.TCP)
    return state === tcpState.closed && leads ? 'tcp-over' : (byState[state] ?? 'tcp-connection');
  return byProtocol.find((it) => it.type === type && it.protocol === protocol)?.sort ?? null;
}
