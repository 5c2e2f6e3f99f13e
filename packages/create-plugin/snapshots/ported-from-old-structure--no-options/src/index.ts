import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as accelerator from './accelerator.ts';
import * as externalFile from './external-file.ts';
import * as lifecycle from './lifecycle.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/*
 * Made from radio.cjs, a plugin in JavaScript with functions with fixed names.
 * It has the same hooks, and each says which function it was. They decline everything, or do nothing, until what those
 * functions did is written there. C's words, and what they are now:
 * It also has cr_plugin_dump_ext_file, which no CRIU knows and nobody called.
 *
 *   return 0                → answer nothing, or what the hook asks for
 *   return -ENOTSUP         → return notSupported
 *   return -EPERM           → throw new PluginError(message, { errno: 'EPERM', remedy })
 */
export default definePlugin({
  name: 'radio',
  version,
  exit: lifecycle.exit,
  hooks: [
    hook('DUMP_EXT_FILE', externalFile.save, { claim: externalFile.claim }),
    hook('PAUSE_DEVICES', accelerator.pause),
  ],
});
