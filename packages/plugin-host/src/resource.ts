import type { HookArgs, HookName } from '@criujs/plugin-sdk';

type Naming = { readonly [N in HookName]: (args: HookArgs<N>) => string | undefined };

const inProcess = ({ pid }: { readonly pid: number }): string => `process ${pid}`;
const unixSocket = ({ inode, socket }: HookArgs<'RESTORE_UNIX_SK'>): string =>
  withPath(`unix socket ${inode}`, socket?.name ?? socket?.peerName);
const file = ({ id, file }: HookArgs<'DUMP_EXT_FILE'> | HookArgs<'RESTORE_EXT_FILE'>): string =>
  withPath(`file ${id}`, file?.path);

/** What a call is about, in words, where the engine does not say. */
const naming: Naming = {
  DUMP_UNIX_SK: unixSocket,
  RESTORE_UNIX_SK: unixSocket,
  DUMP_EXT_FILE: file,
  RESTORE_EXT_FILE: file,
  DUMP_EXT_MOUNT: ({ id, mountpoint }) => withPath(`mount ${id}`, mountpoint),
  RESTORE_EXT_MOUNT: ({ id, mountpoint }) => withPath(`mount ${id}`, mountpoint),
  DUMP_EXT_LINK: ({ index, kind }) => withPath(`network link ${index}`, kind),
  HANDLE_DEVICE_VMA: ({ stat }) => `mapped device ${stat?.rdev?.major}:${stat?.rdev?.minor}`,
  UPDATE_VMA_MAP: ({ path, address }) => `memory map 0x${address.toString(16)} (${path})`,
  RESUME_DEVICES_LATE: inProcess,
  PAUSE_DEVICES: inProcess,
  CHECKPOINT_DEVICES: inProcess,
  POST_FORKING: () => undefined,
  RESTORE_INIT: () => undefined,
  DUMP_DEVICES_LATE: inProcess,
};

export function resourceOf<N extends HookName>(hook: N, args: HookArgs<N>): string | undefined {
  return naming[hook](args);
}

function withPath(what: string, path: string | null | undefined): string {
  return path ? `${what} (${path.replaceAll('\0', '@')})` : what;
}
