import type { HookName } from '@criujs/plugin-sdk';
import type { PortedPlugin } from '../answers.ts';

/** The modules of a ported plugin, by the names under which index.ts imports them. */
export const modules = {
  externalFile: 'external-file',
  unixSocket: 'unix-socket',
  externalMount: 'external-mount',
  networkLink: 'network-link',
  mappedDevice: 'mapped-device',
  accelerator: 'accelerator',
  lifecycle: 'lifecycle',
} as const;

export type ModuleName = keyof typeof modules;

/** What is made of a hook of an existing plugin. */
export interface PortedHook {
  readonly module: ModuleName;
  /** The new function's name. */
  readonly handler: string;
  /** The arguments of C's function (criu-plugin.h). */
  readonly before: string;
  /** What some of them are called here, by C's names. */
  readonly now: Readonly<Record<string, string>>;
  /** What became of them and of the answer, line by line; `<id>` is what the author calls C's `id`. */
  readonly became: readonly string[];
  /** What the new function takes of its arguments, by their names here. */
  readonly takes: readonly string[];
  /** What it tells until it does something; names of arguments are in braces. */
  readonly tells: string;
}

/** Every hook: in C, and here. */
export const portedHooks: Readonly<Record<HookName, PortedHook>> = {
  DUMP_UNIX_SK: {
    module: 'unixSocket',
    handler: 'save',
    before: 'int fd, int id',
    now: { fd: 'fd', id: 'inode' },
    became: [
      '`fd` is closed after the hook.',
      '`socket` tells both names, type, state and flags. Answering nothing claims it.',
    ],
    takes: ['inode', 'socket'],
    tells: 'socket {inode} to {socket.peerName} is not saved yet',
  },
  RESTORE_UNIX_SK: {
    module: 'unixSocket',
    handler: 'reconnect',
    before: 'int id',
    now: { id: 'inode' },
    became: ['Answer a connected descriptor: the host puts it in place and closes it.'],
    takes: ['inode', 'socket'],
    tells: 'socket {inode} to {socket.peerName} is not connected yet',
  },
  DUMP_EXT_FILE: {
    module: 'externalFile',
    handler: 'save',
    before: 'int fd, int id',
    now: { fd: 'fd', id: 'id' },
    became: [
      '`fd` is closed after the hook.',
      '`file` tells path, kind, device and holders; the engine keeps its flags and position.',
      'Answering nothing claims it.',
    ],
    takes: ['id', 'file'],
    tells: 'file {id} ({file.path}) is not saved yet',
  },
  RESTORE_EXT_FILE: {
    module: 'externalFile',
    handler: 'open',
    before: 'int id, bool *retry_needed',
    now: { id: 'id' },
    became: [
      '`file` is what was recorded of it. Answer a descriptor: the host puts it in place and closes it.',
      'Where C set `*<retry_needed>`, which only newer ones have, answer `retryLater`.',
    ],
    takes: ['id', 'file'],
    tells: 'file {id} ({file.path}) is not opened yet',
  },
  DUMP_EXT_MOUNT: {
    module: 'externalMount',
    handler: 'save',
    before: 'char *mountpoint, int id',
    now: { mountpoint: 'mountpoint', id: 'id' },
    became: ['Answering nothing claims it.'],
    takes: ['id', 'mountpoint'],
    tells: 'mount {id} at {mountpoint} is not saved yet',
  },
  RESTORE_EXT_MOUNT: {
    module: 'externalMount',
    handler: 'sourceOf',
    before: 'int id, char *mountpoint, char *old_root, int *is_file',
    now: { id: 'id', mountpoint: 'mountpoint', old_root: 'oldRoot' },
    became: [
      '`<is_file>` is gone, CRIU never set it.',
      'Do not mount: answer `{ source }`, a path as this process sees it, and the engine mounts it.',
    ],
    takes: ['id', 'mountpoint'],
    tells: 'mount {id} at {mountpoint} is not made yet',
  },
  DUMP_EXT_LINK: {
    module: 'networkLink',
    handler: 'save',
    before: 'int index, int type, char *kind',
    now: { index: 'index', type: 'type', kind: 'kind' },
    became: ['Answering nothing claims it; no hook makes it again.'],
    takes: ['index', 'kind'],
    tells: 'link {index} ({kind}) is not saved yet',
  },
  HANDLE_DEVICE_VMA: {
    module: 'mappedDevice',
    handler: 'accept',
    before: 'int fd, const struct stat *stat',
    now: { fd: 'fd', stat: 'stat' },
    became: [
      '`fd` was opened with O_PATH. `<stat>->st_rdev` is `stat.rdev`, with major and minor.',
      'Answering nothing accepts it.',
    ],
    takes: ['stat'],
    tells: 'a map of device {stat.rdev.major}:{stat.rdev.minor} is not accepted yet',
  },
  UPDATE_VMA_MAP: {
    module: 'mappedDevice',
    handler: 'mapAgain',
    before: 'const char *path, uint64_t addr, uint64_t old_pgoff, uint64_t *new_pgoff, int *plugin_fd',
    now: { path: 'path', addr: 'address', old_pgoff: 'oldOffset' },
    became: [
      '`address` and `oldOffset` are in bytes, as bigint.',
      'Where C set `*<new_pgoff>` and `*<plugin_fd>` and returned 1, answer `{ offset, fd }`; nothing for 0.',
    ],
    takes: ['path', 'address'],
    tells: 'the map of {path} at {address} is not changed yet',
  },
  RESUME_DEVICES_LATE: {
    module: 'accelerator',
    handler: 'resume',
    before: 'int pid',
    now: { pid: 'pid' },
    became: ['All plugins are called, and a failure counts.'],
    takes: ['pid'],
    tells: 'process {pid} is about to run',
  },
  PAUSE_DEVICES: {
    module: 'accelerator',
    handler: 'pause',
    before: 'int pid',
    now: { pid: 'pid' },
    became: ['All plugins are called: there is nothing to decline.'],
    takes: ['pid'],
    tells: 'process {pid} is about to be frozen',
  },
  CHECKPOINT_DEVICES: {
    module: 'accelerator',
    handler: 'checkpoint',
    before: 'int pid',
    now: { pid: 'pid' },
    became: ['All plugins are called: there is nothing to decline.'],
    takes: ['pid'],
    tells: 'process {pid} is frozen',
  },
  POST_FORKING: {
    module: 'lifecycle',
    handler: 'afterForking',
    before: 'void',
    now: {},
    became: ['All plugins are called: there is nothing to decline.'],
    takes: [],
    tells: 'all processes were forked',
  },
  RESTORE_INIT: {
    module: 'lifecycle',
    handler: 'beforeRestore',
    before: 'void',
    now: {},
    became: ['All plugins are called: there is nothing to decline.'],
    takes: [],
    tells: 'a restore begins',
  },
  DUMP_DEVICES_LATE: {
    module: 'accelerator',
    handler: 'afterDump',
    before: 'int id',
    now: { id: 'pid' },
    became: ['`pid` is that of the root of the tree. All plugins are called: there is nothing to decline.'],
    takes: ['pid'],
    tells: 'the tree of {pid} is dumped',
  },
};

/** The modules that a ported plugin needs, in the order of CRIU's hooks. */
export function modulesOf({ hooks, init, exit }: PortedPlugin): readonly ModuleName[] {
  const names = hooks.map(({ hook }) => portedHooks[hook].module);
  return [...new Set(init === null && exit === null ? names : [...names, 'lifecycle' as const])];
}
