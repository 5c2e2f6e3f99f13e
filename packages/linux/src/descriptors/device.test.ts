import { expect, test } from 'vitest';
import { deviceNumber, joinDevice } from './device.ts';

test('device numbers are split as makedev(3) joins them', () => {
  expect(deviceNumber(0x0ae5n)).toEqual({ major: 10, minor: 229 });
  expect(deviceNumber(0x123_4567_89ab_cdefn)).toEqual({
    major: 0x0123_4000 | 0xbcd,
    minor: 0x567_89a_ef & 0xffff_ffff,
  });
});

test('and joined again', () => {
  for (const device of [0n, 0x0ae5n, 0x123_4567_89ab_cdefn, 2n ** 64n - 1n]) {
    const { major, minor } = deviceNumber(device);
    expect(joinDevice(major, minor)).toBe(device);
  }
});
