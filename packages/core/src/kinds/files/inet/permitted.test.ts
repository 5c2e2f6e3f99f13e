import { create, InetSkEntrySchema } from '@criujs/images';
import { expect, test } from 'vitest';
import { capability } from '../../../facts/capabilities.ts';
import type { InetEntry } from './entry-options.ts';
import { checkPlaces } from './permitted.ts';

const socket = (type: number, srcPort: number): InetEntry =>
  create(InetSkEntrySchema, {
    ...{
      id: 1,
      ino: 2,
      family: 2,
      type,
      proto: type === 3 ? 1 : 6,
      state: 10,
      srcPort,
      dstPort: 0,
      flags: 2,
      backlog: 5,
    },
    ...{ srcAddr: [0x0100007f], dstAddr: [0] },
  }) as InetEntry;
const none = (): bigint => 0n;
const right = (number: number) => () => 1n << BigInt(number);

test('a port of the privileged is told before anything is made', () => {
  const check = (port: number, rights = none) => checkPlaces([socket(1, 8080), socket(1, port)], rights, 1024);
  expect(() => check(80)).toThrowError(
    expect.objectContaining({
      code: 'NOT_PERMITTED',
      message: 'TCP socket that listens at 127.0.0.1:80 cannot be made again: this user may not have a port below 1024',
      remedy: expect.stringContaining('net.ipv4.ip_unprivileged_port_start=80'),
    }),
  );
  expect(() => check(80, right(capability.NET_BIND_SERVICE))).not.toThrow();
  for (const port of [0, 1024]) expect(() => check(port)).not.toThrow();
});

test('so is a raw socket', () => {
  expect(() => checkPlaces([socket(3, 1)], none, 1024)).toThrowError(/raw IP socket .* this user may not make/);
  expect(() => checkPlaces([socket(3, 1)], right(capability.NET_RAW), 1024)).not.toThrow();
  expect(() => checkPlaces([], none)).not.toThrow();
});
