import type { KindId } from '../answers.ts';
import { accelerator } from './kinds/accelerator.ts';
import { externalFile } from './kinds/external-file.ts';
import { externalMount } from './kinds/external-mount.ts';
import type { Kind } from './kinds/kind.ts';
import { lifecycle } from './kinds/lifecycle.ts';
import { mappedDevice } from './kinds/mapped-device.ts';
import { networkLink } from './kinds/network-link.ts';
import { unixSocket } from './kinds/unix-socket.ts';

/** Every kind by its id. */
export const kinds: Readonly<Record<KindId, Kind>> = {
  'external-file': externalFile,
  'unix-socket': unixSocket,
  'external-mount': externalMount,
  'network-link': networkLink,
  'mapped-device': mappedDevice,
  accelerator,
  lifecycle,
};
