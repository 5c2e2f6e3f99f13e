import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as mappedDevice from './mapped-device.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  hooks: [
    hook('HANDLE_DEVICE_VMA', mappedDevice.accept, { claim: mappedDevice.claim }),
    hook('UPDATE_VMA_MAP', mappedDevice.mapAgain),
  ],
});
