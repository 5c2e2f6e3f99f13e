import type { Kind } from './kind.ts';

export const externalFile: Kind = {
  id: 'external-file',
  title: 'external files and devices',
  what: 'opens them again, with their flags and position',
  module: 'externalFile',
  hooks: [
    { hook: 'DUMP_EXT_FILE', handler: 'save', claim: 'claim' },
    { hook: 'RESTORE_EXT_FILE', handler: 'open' },
  ],
  resources: {
    devices: [
      { path: '/dev/vcs', major: 7, minor: 0 },
      { path: '/dev/fuse', major: 10, minor: 229 },
      { path: '/dev/net/tun', major: 10, minor: 200 },
      { path: '/dev/vhost-net', major: 10, minor: 238 },
      { path: '/dev/autofs', major: 10, minor: 235 },
    ],
  },
  init: false,
  exit: false,
  embedded: true,
  files: ['example/device.ts'],
  option: {
    name: 'devices',
    meaning: 'paths of the files that are the plugin’s',
    byDefault: 'some devices that many machines have',
    example: "['/dev/radio']",
    argument: '.0=/dev/radio',
  },
};
