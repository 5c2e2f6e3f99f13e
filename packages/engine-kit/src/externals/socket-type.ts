import type { UnixSocketInfo } from '@criujs/plugin-sdk';

const types: Readonly<Record<number, UnixSocketInfo['type']>> = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' };

/**
 * The type of a unix socket as plugins are told; null: there is no such type of unix socket.
 * @param type SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET: socket(2)
 */
export function socketType(type: number): UnixSocketInfo['type'] | null {
  return types[type] ?? null;
}
