import type { Kind } from './kind.ts';

export const unixSocket: Kind = {
  id: 'unix-socket',
  title: 'unix sockets to a service outside',
  what: 'connects them to the service again',
  module: 'unixSocket',
  hooks: [
    { hook: 'DUMP_UNIX_SK', handler: 'save', claim: 'claim' },
    { hook: 'RESTORE_UNIX_SK', handler: 'reconnect' },
  ],
  resources: { sockets: ['**/example.sock'] },
  init: false,
  exit: false,
  embedded: true,
  files: ['src/connect.ts', 'example/service.ts'],
  option: {
    name: 'services',
    meaning: 'names of the files that the services listen on',
    byDefault: '`example.sock`',
    example: "['radio.sock']",
    argument: '.0=radio.sock',
  },
};
