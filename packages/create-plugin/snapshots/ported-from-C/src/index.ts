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

/*
 * Made from radio.c, a plugin in C with a CR_PLUGIN_DESC, "radio_plugin".
 * NOT ALL OF ITS HOOKS MAY BE HERE. This was not read:
 *   - #include "gpu.h" in radio.c:7 was not read (it is not beside the source): it may register hooks
 * Each hook says which function it was. They decline everything, or do nothing, until what those
 * functions did is written there. C's words, and what they are now:
 *
 *   return 0                → answer nothing, or what the hook asks for
 *   return -ENOTSUP         → return notSupported
 *   return -EPERM           → throw new PluginError(message, { errno: 'EPERM', remedy })
 *   criu_get_image_dir()    → image of the second argument: writeJson, readJson, write, read …
 *   pr_info(), pr_err()     → log of the second argument: info, error …
 *   add_inventory_plugin()  → nothing: the engine does it
 */
export default definePlugin({
  name: 'radio',
  version,
  // Images of the original list it by this name.
  inventoryName: 'radio_plugin',
  options,
  init: lifecycle.init,
  exit: lifecycle.exit,
  hooks: [
    hook('DUMP_UNIX_SK', unixSocket.save, { claim: unixSocket.claim }),
    hook('RESTORE_UNIX_SK', unixSocket.reconnect),
    hook('DUMP_EXT_FILE', externalFile.save, { claim: externalFile.claim }),
    hook('RESTORE_EXT_FILE', externalFile.open),
    hook('DUMP_EXT_MOUNT', externalMount.save, { claim: externalMount.claim }),
    hook('RESTORE_EXT_MOUNT', externalMount.sourceOf),
    hook('DUMP_EXT_LINK', networkLink.save, { claim: networkLink.claim }),
    hook('HANDLE_DEVICE_VMA', mappedDevice.accept, { claim: mappedDevice.claim }),
    hook('UPDATE_VMA_MAP', mappedDevice.mapAgain),
    hook('RESUME_DEVICES_LATE', accelerator.resume),
    hook('PAUSE_DEVICES', accelerator.pause),
    hook('CHECKPOINT_DEVICES', accelerator.checkpoint),
    hook('POST_FORKING', lifecycle.afterForking),
    hook('RESTORE_INIT', lifecycle.beforeRestore),
    hook('DUMP_DEVICES_LATE', accelerator.afterDump),
  ],
});
