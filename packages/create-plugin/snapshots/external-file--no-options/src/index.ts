import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as externalFile from './external-file.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  hooks: [
    hook('DUMP_EXT_FILE', externalFile.save, { claim: externalFile.claim }),
    hook('RESTORE_EXT_FILE', externalFile.open),
  ],
});
