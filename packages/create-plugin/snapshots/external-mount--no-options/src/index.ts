import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as externalMount from './external-mount.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  hooks: [
    hook('DUMP_EXT_MOUNT', externalMount.save, { claim: externalMount.claim }),
    hook('RESTORE_EXT_MOUNT', externalMount.sourceOf),
  ],
});
