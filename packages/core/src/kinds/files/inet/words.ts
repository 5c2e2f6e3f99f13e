import { inetProtocol, inetType, tcpState } from '../../../facts/inet.ts';
import { addressText, hostText, type InetAddress, isAny } from './address.ts';
import type { InetShape } from './options.ts';

/** What is said of an internet socket. */
export interface InetNamed extends InetShape {
  readonly state: number;
  readonly here: InetAddress;
  /** null: it leads nowhere. Where a TCP connection led that is over, as long as something of it waits to be read. */
  readonly there: InetAddress | null;
}

const protocolWords: Readonly<Record<number, string>> = {
  [inetProtocol.TCP]: 'TCP',
  [inetProtocol.UDP]: 'UDP',
  [inetProtocol.UDPLITE]: 'UDP-Lite',
  1: 'ICMP',
  33: 'DCCP',
  58: 'ICMPv6',
  132: 'SCTP',
  262: 'MPTCP',
};

/** `TCP socket that listens at 127.0.0.1:80`, `UDP socket 127.0.0.1:5000 → 127.0.0.1:53`. */
export function inetWords({ family, type, protocol, state, here, there }: InetNamed): string {
  if (type === inetType.raw) {
    const word = `raw ${family === 10 ? 'IPv6' : 'IP'} socket (protocol ${protocol})`;
    const from = isAny(here) ? '' : ` at ${hostText(here)}`;
    return there === null ? `${word}${from}` : `${word}${from} → ${hostText(there)}`;
  }
  const word = `${protocolWords[protocol] ?? 'network'} socket`;
  if (there !== null) return `${word} ${addressText(here)} → ${addressText(there)}`;
  if (type === inetType.stream && state === tcpState.listening) return `${word} that listens at ${addressText(here)}`;
  return here.port === 0 && isAny(here) ? `${word} without an address` : `${word} at ${addressText(here)}`;
}
