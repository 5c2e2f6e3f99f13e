import { expect, test } from 'vitest';
import { type InetSort, sortOf } from './sort.ts';

test('a TCP socket whose connection is over, and which knows where it led, is one of its own', () => {
  expect(sortOf({ type: 1, protocol: 6, state: 7 }, true)).toBe('tcp-over');
});

test.each<[number, number, number, InetSort | null]>([
  [1, 6, 10, 'tcp-listening'],
  [1, 6, 7, 'tcp-unconnected'],
  [1, 6, 1, 'tcp-connection'],
  [1, 6, 2, 'tcp-connection'],
  [2, 17, 7, 'udp'],
  [2, 17, 1, 'udp'],
  [2, 136, 7, 'udp'],
  [3, 6, 7, 'raw'],
  [3, 255, 7, 'raw'],
  // ICMP, SCTP and MPTCP.
  [2, 1, 7, null],
  [1, 132, 10, null],
  [1, 262, 10, null],
])('a socket of type %i and protocol %i in state %i is %s', (type, protocol, state, sort) => {
  expect(sortOf({ type, protocol, state }, false)).toBe(sort);
});
