import type { EngineErrorCode } from '@criujs/engine-kit';

/** What a line of CRIU's log means to the user. */
export interface Meaning {
  /** Matched against the message alone. Its groups are given to the functions. */
  readonly pattern: RegExp;
  readonly code: EngineErrorCode;
  /** The resource in words. */
  readonly resource?: (...groups: readonly string[]) => string;
  readonly why?: string;
  readonly remedy: string;
}

const byOption = (option: string): string =>
  `If the program can cope with that, allow it at dump and restore: --criu-option ${option} (library: criu({ options })).`;

/** Kinds of files in a mode: inode(7). */
const kinds: ReadonlyMap<number, string> = new Map([
  [0o020000, 'character device'],
  [0o060000, 'block device'],
]);

/** CRIU gives a mode in octal, and a place: `chr 10:229`, or `unk` and the link of an anonymous inode. */
function fileOf(mode = '', place = ''): string {
  const [, device] = place.split(' ');
  const kind = kinds.get(Number.parseInt(mode, 8) & 0o170000);
  return kind !== undefined && device !== undefined ? `${kind} ${device}` : `a file that CRIU calls ${place}`;
}

/**
 * Lines by which CRIU tells what it cannot do; the first that fits counts. They are facts of its log calls (criu/files-ext.c,
 * sk-unix.c, sk-inet.c, file-lock.c, files-reg.c, tty.c, cr-restore.c …) in releases 3.17 to 4.1.1.
 */
export const meanings: readonly Meaning[] = [
  {
    pattern: /^RESTORE_EXT_MOUNT: plugin \S+ says that .* is mounted, and it is not$/,
    code: 'PLUGIN_FAILED',
    remedy:
      'Have the plugin answer what to mount, { source }: it runs outside of the mount namespace that is restored. A compiled plugin that mounts it itself needs to be in CRIU: --native-plugin PATH.',
  },
  {
    pattern: /Can't dump file (\d+) of that type \[(\d+)\] \(([^)]*)\)/,
    code: 'UNSUPPORTED',
    resource: (fd, mode, place) => `descriptor ${fd}: ${fileOf(mode, place)}`,
    why: 'CRIU knows no such file, and no plugin took it',
    remedy: 'Load a plugin with a DUMP_EXT_FILE hook: --plugin NAME.',
  },
  {
    pattern: /Can't handle non-regular mapping on \d+'s map ([0-9a-f]+)/,
    code: 'UNSUPPORTED',
    resource: (start) => `the memory map at ${start}`,
    why: 'CRIU knows no such mapped file, and no plugin took it',
    remedy: 'Load a plugin with a HANDLE_DEVICE_VMA hook: --plugin NAME.',
  },
  {
    pattern: /External socket is used|Can't dump half of stream unix connection/,
    code: 'UNSUPPORTED',
    resource: () => 'a unix socket',
    why: 'its other end is outside of the dumped tree, and no plugin took it',
    remedy: 'Load a plugin with a DUMP_UNIX_SK hook: --plugin NAME.',
  },
  {
    pattern: /Connected TCP (?:socket|connection)/i,
    code: 'UNSUPPORTED',
    resource: () => 'a TCP connection',
    why: 'it is established, and CRIU has no option to keep it',
    remedy: byOption('tcp-established'),
  },
  {
    pattern: /In-flight connection \(/,
    code: 'UNSUPPORTED',
    resource: () => 'a listening TCP socket',
    why: 'a connection waits to be accepted',
    remedy: byOption('tcp-skip-in-flight'),
  },
  {
    pattern: /file locks are hold by dumping tasks/,
    code: 'UNSUPPORTED',
    resource: () => 'a locked file',
    why: 'CRIU has no option to keep locks',
    remedy: byOption('file-locks'),
  },
  {
    pattern: /Can't dump ghost file (.*) of (\d+) size/,
    code: 'UNSUPPORTED',
    resource: (path, size) => `${path} (deleted, ${size} bytes)`,
    why: 'deleted files are kept only up to a limit',
    remedy: 'Allow more: --criu-option ghost-limit=BYTES.',
  },
  {
    pattern: /doesn't have a proper root mount|unreachable sharing|external slavery|[Mm]ount \S+ is unreachable/,
    code: 'UNSUPPORTED',
    resource: () => 'a mount',
    why: 'its source is outside of the dumped tree, and no plugin took it',
    remedy: 'Load a plugin with a DUMP_EXT_MOUNT hook, or name it: --criu-option external=mnt[PATH]:NAME.',
  },
  {
    pattern: /Can't lookup mount=-?\d+ for fd=(-?\d+) path=(.*)/,
    code: 'UNSUPPORTED',
    resource: (fd, path) => `descriptor ${fd}: ${path}`,
    why: 'it lies on a mount that the program does not see',
    remedy: 'Let the program close it before the dump.',
  },
  {
    pattern: /Found dangling tty|--shell-job/,
    code: 'UNSUPPORTED',
    resource: () => 'a terminal',
    why: 'it belongs to a shell outside the dumped tree',
    remedy: byOption('shell-job'),
  },
  {
    pattern: /A session leader of (\d+)\(\d+\) is outside/,
    code: 'UNSUPPORTED',
    resource: (pid) => `the session of ${pid}`,
    why: 'its leader is outside the dumped tree',
    remedy: byOption('shell-job'),
  },
  {
    pattern: /No space left on device/,
    code: 'IMAGES_FULL',
    remedy: 'Free some space, or use an image directory on another file system.',
  },
  {
    pattern: /Read-only file system/,
    code: 'IMAGES_UNWRITABLE',
    remedy: 'Choose an image directory that you may write to.',
  },
  {
    pattern: /Pid \d+ do(?:es)? not match expected|Can't fork for \d+: File exists/,
    code: 'PID_TAKEN',
    remedy: 'End the process that has this pid now, or restore in a new pid namespace.',
  },
  {
    pattern: /File (\S+) has bad (?:size|mode|build-ID|checksum)/,
    code: 'FILE_CHANGED',
    resource: (path) => path ?? '',
    remedy: 'Put the file back that the program had open.',
  },
  {
    pattern: /Can't open (?:file )?(\S+).*: No such file or directory/,
    code: 'FILE_MISSING',
    resource: (path) => path ?? '',
    remedy: 'Put the file back that the program had open.',
  },
  {
    pattern: /needs to be (?:run|executed) as root|[Nn]eeds CAP_|CAP_SYS_ADMIN|CAP_CHECKPOINT_RESTORE/,
    code: 'NOT_PERMITTED',
    remedy:
      'Run it as root, or give CRIU the capability CAP_CHECKPOINT_RESTORE and allow it: --criu-option unprivileged.',
  },
  {
    pattern: /Magic doesn't match|Unexpected EOF|Can't unpack|[Cc]orrupted/,
    code: 'IMAGE_INVALID',
    remedy: 'Take the images from an undamaged copy, or dump again.',
  },
  {
    pattern: /Timeout reached/,
    code: 'CRIU_FAILED',
    remedy: 'A process did not stop in time: allow more with --criu-option timeout=SECONDS.',
  },
];

/** Errors that are not a cause: CRIU continues after them, or they only follow from an earlier failure. */
export const noise: readonly RegExp[] = [
  /^rlimit: Can't setup RLIMIT_NOFILE/,
  /^(?:Pre-d|D)umping FAILED/,
  /^Restoring FAILED/,
  /failed with -?\d+!?$/,
  /^Unable to detach from/,
  /^RPC client reported script error/,
  /send (?:response|fds)|send_fds/,
  /exited, status=\d+$/,
  /killed by signal \d+: Killed$/,
  /^sockets: Can't get \d+:\d+ opt/,
];
