import type { Kind } from './kind.ts';

export const mappedDevice: Kind = {
  id: 'mapped-device',
  title: 'devices that are mapped into memory',
  what: 'maps them again, from a descriptor of its own',
  module: 'mappedDevice',
  hooks: [
    { hook: 'HANDLE_DEVICE_VMA', handler: 'accept', claim: 'claim' },
    { hook: 'UPDATE_VMA_MAP', handler: 'mapAgain' },
  ],
  resources: { devices: [{ path: '/dev/zero', major: 1, minor: 5 }] },
  init: false,
  exit: false,
  embedded: true,
  files: ['src/device-number.ts'],
  option: {
    name: 'mappedDevices',
    meaning: 'paths of the devices',
    byDefault: '`/dev/zero`',
    example: "['/dev/radio-memory']",
    argument: '.0=/dev/radio-memory',
  },
};
