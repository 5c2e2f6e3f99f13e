import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as networkLink from './network-link.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  hooks: [hook('DUMP_EXT_LINK', networkLink.save, { claim: networkLink.claim })],
});
