import type { DeviceNumber } from '@criujs/linux';

/** Devices without any state, by minor number of major 1 (Linux's devices.txt). */
const statelessDevices: Readonly<Record<number, string>> = {
  3: 'null',
  5: 'zero',
  7: 'full',
  8: 'random',
  9: 'urandom',
};

export function isStateless(device: DeviceNumber | null): boolean {
  return device !== null && device.major === 1 && statelessDevices[device.minor] !== undefined;
}
