import type { Kind } from './kind.ts';

export const externalMount: Kind = {
  id: 'external-mount',
  title: 'mounts from outside',
  what: 'says where they are to be bound from',
  module: 'externalMount',
  hooks: [
    { hook: 'DUMP_EXT_MOUNT', handler: 'save', claim: 'claim' },
    { hook: 'RESTORE_EXT_MOUNT', handler: 'sourceOf' },
  ],
  resources: { mounts: ['/mnt/data'] },
  init: false,
  exit: false,
  embedded: false,
  files: ['test/namespace.ts'],
  option: {
    name: 'mounts',
    meaning: 'what is bound where: paths on this machine, by mountpoint',
    byDefault: '`/srv/data` at `/mnt/data`',
    example: "{ '/mnt/data': '/srv/data' }",
    argument: null,
  },
};
