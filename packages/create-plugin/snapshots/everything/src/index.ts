import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as accelerator from './accelerator.ts';
import * as externalFile from './external-file.ts';
import * as externalMount from './external-mount.ts';
import * as lifecycle from './lifecycle.ts';
import * as mappedDevice from './mapped-device.ts';
import * as networkLink from './network-link.ts';
import { options } from './options.ts';
import * as unixSocket from './unix-socket.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  options,
  init: lifecycle.init,
  async exit(stage, outcome, context) {
    // Each cleans up, whatever becomes of the others.
    const errors: unknown[] = [];
    for (const part of [accelerator, lifecycle]) {
      try {
        await part.exit(stage, outcome, context);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} parts could not clean up`);
    if (errors.length === 1) throw errors[0];
  },
  hooks: [
    hook('DUMP_EXT_FILE', externalFile.save, { claim: externalFile.claim }),
    hook('RESTORE_EXT_FILE', externalFile.open),
    hook('DUMP_UNIX_SK', unixSocket.save, { claim: unixSocket.claim }),
    hook('RESTORE_UNIX_SK', unixSocket.reconnect),
    hook('DUMP_EXT_MOUNT', externalMount.save, { claim: externalMount.claim }),
    hook('RESTORE_EXT_MOUNT', externalMount.sourceOf),
    hook('DUMP_EXT_LINK', networkLink.save, { claim: networkLink.claim }),
    hook('HANDLE_DEVICE_VMA', mappedDevice.accept, { claim: mappedDevice.claim }),
    hook('UPDATE_VMA_MAP', mappedDevice.mapAgain),
    hook('RESUME_DEVICES_LATE', accelerator.resume),
    hook('PAUSE_DEVICES', accelerator.pause),
    hook('CHECKPOINT_DEVICES', accelerator.checkpoint),
  ],
});
