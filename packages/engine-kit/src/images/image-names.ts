import { recordsName } from '../records/records.ts';

// Names that files of a dump have. Only these are ever removed from an image directory: it may hold a user's own files.

/** Where it is not, the dump never ended. */
export const inventoryName = 'inventory.img';
/** The folder with the plugins' own parts. */
export const sectionsDirectory = 'criujs';

/** Images that a dump has once: `files.img`. */
const single =
  'apparmor binfmt-misc bpfmap-data bpfmap-file cgroup cpuinfo eventfd eventpoll eventpoll-tfd ext-files fanotify ' +
  'fanotify-mark fifo fifo-data filelocks files inetsk inotify inotify-wd inventory memfd netlinksk ns-files packetsk pidfd ' +
  'pipes pipes-data pstree reg-files remap-fpath seccomp signalfd sk-queues timerfd tty tty-data tty-info tunfile unixsk';

/** Images with a number, decimal or hexadecimal: `core-12.img`. */
const numbered =
  'autofs binfmt-misc core creds fdinfo fs ghost-file ids ifaddr ip6tables ipcns-msg ipcns-sem ipcns-shm ipcns-var iptables ' +
  'itimers mm mountpoints netdev netns netns-ct netns-exp nftables pagemap pagemap-shmem pages pages-shmem pidns ' +
  'posix-timers rlimit route route6 rule sigacts signal-p signal-s tcp-stream timens userns utsns vmas';

/** Archives with a number: `tmpfs-3.tar.gz.img`. */
const archives = 'tmpfs tmpfs-dev';

const others: ReadonlySet<string> = new Set(['irmap-cache', 'stats-dump', 'stats-restore', recordsName]);

const alternatives = (names: string): string => names.replaceAll(' ', '|');

const pattern = new RegExp(
  `^(?:(?:${alternatives(single)})\\.img|(?:${alternatives(numbered)})-[0-9a-f]+\\.img|(?:${alternatives(archives)})-[0-9]+\\.tar\\.gz\\.img)$`,
);

/** Whether an image holds pages, which are read once and in order: from a stream, too. */
export function isPagesName(name: string): boolean {
  return /^pages-(?:shmem-)?[0-9a-f]+\.img$/.test(name);
}

/** Whether a dump, ours or CRIU's, writes files of this name. */
export function isImageName(name: string): boolean {
  const whole = name.endsWith('.part') ? name.slice(0, -'.part'.length) : name;
  return pattern.test(whole) || others.has(whole);
}
