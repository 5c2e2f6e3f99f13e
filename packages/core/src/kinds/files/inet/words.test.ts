import { expect, test } from 'vitest';
import type { InetAddress } from './address.ts';
import { inetWords } from './words.ts';

const at = (port: number, ...bytes: number[]): InetAddress => ({
  ...{ family: bytes.length === 16 ? 10 : 2, bytes: Uint8Array.from(bytes), port, scope: 0, flow: 0 },
});
const here = at(8080, 127, 0, 0, 1);
const there = at(53, 10, 0, 0, 1);
const nowhere = at(0, 0, 0, 0, 0);
const ip = { family: 2, there: null } as const;

test('says what a socket is, where, and where it leads', () => {
  expect(inetWords({ ...ip, type: 1, protocol: 6, state: 10, here })).toBe('TCP socket that listens at 127.0.0.1:8080');
  expect(inetWords({ ...ip, type: 1, protocol: 6, state: 7, here })).toBe('TCP socket at 127.0.0.1:8080');
  expect(inetWords({ ...ip, type: 1, protocol: 6, state: 7, here: nowhere })).toBe('TCP socket without an address');
  expect(inetWords({ ...ip, type: 2, protocol: 17, state: 1, here, there })).toBe(
    'UDP socket 127.0.0.1:8080 → 10.0.0.1:53',
  );
  expect(inetWords({ ...ip, type: 2, protocol: 136, state: 7, here })).toBe('UDP-Lite socket at 127.0.0.1:8080');
  expect(inetWords({ ...ip, type: 3, protocol: 1, state: 7, here: nowhere })).toBe('raw IP socket (protocol 1)');
  expect(inetWords({ ...ip, type: 3, protocol: 89, state: 1, here, there })).toBe(
    'raw IP socket (protocol 89) at 127.0.0.1 → 10.0.0.1',
  );
  expect(inetWords({ ...ip, type: 1, protocol: 999, state: 7, here })).toBe('network socket at 127.0.0.1:8080');
});
