import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { options } from './options.ts';
import * as unixSocket from './unix-socket.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  options,
  hooks: [
    hook('DUMP_UNIX_SK', unixSocket.save, { claim: unixSocket.claim }),
    hook('RESTORE_UNIX_SK', unixSocket.reconnect),
  ],
});
