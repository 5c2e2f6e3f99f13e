import { openSync } from 'node:fs';
import { type DeviceNumber, type HookClaim, type HookHandler, notSupported, PluginError } from '@criujs/plugin-sdk';
import { deviceAt } from './device-number.ts';

/** Devices that programs map into their memory. Every machine has this one: put your own here. */
const mappedDevices: readonly string[] = ['/dev/zero'];

/** Would `accept` take this map? Asked before anything is frozen: it only looks. */
export const claim: HookClaim<'HANDLE_DEVICE_VMA'> = ({ stat }) => {
  return findDevice(stat.rdev, mappedDevices) !== undefined;
};

/** Asked for each memory map of a device: returning nothing promises that `mapAgain` restores it. */
export const accept: HookHandler<'HANDLE_DEVICE_VMA'> = ({ stat }, { log }) => {
  const path = findDevice(stat.rdev, mappedDevices);
  if (path === undefined) return notSupported;
  // If the device has its own memory, save it here: the content of such a map is not in the images.
  log.info(`the map of ${path} will be made again`);
};

/** Returns what the map is made from now: a descriptor that the plugin opened, at the same offset. */
export const mapAgain: HookHandler<'UPDATE_VMA_MAP'> = ({ path, oldOffset }, { log }) => {
  if (!mappedDevices.includes(path)) return notSupported;
  log.info(`mapping ${path} again`);
  // If the device hands out offsets itself, ask for the new one here.
  return { offset: oldOffset, fd: openDevice(path) };
};

/** Nodes may have several names, and a number is only one device's. */
function findDevice({ major, minor }: DeviceNumber, paths: readonly string[]): string | undefined {
  return paths.find((path) => {
    const device = deviceAt(path);
    return device?.major === major && device.minor === minor;
  });
}

/** The host owns what this returns, and closes it once the map is made. */
function openDevice(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (cause) {
    const { code = 'EIO', message } = cause as NodeJS.ErrnoException;
    throw new PluginError(message, { errno: code, remedy: `See that ${path} is there and may be opened.`, cause });
  }
}
