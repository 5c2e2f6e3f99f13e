import type { Pid } from './ids.ts';

/** A device number in its two halves (makedev(3)). */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** A process and the descriptor number by which it holds a file. */
export interface Holder {
  readonly pid: Pid;
  readonly fd: number;
}

/** Who gets a signal when the file is ready (F_SETOWN_EX and F_SETSIG in fcntl(2)). */
export interface SignalOwner {
  /** A pid, thread id or process group, as `type` says. */
  readonly pid: number;
  /** The signal number; 0 is SIGIO. */
  readonly signal: number;
  /** The real and effective user that the owner was set by. */
  readonly uid: number;
  readonly euid: number;
  readonly type: 'thread' | 'process' | 'group';
}

/** The kind of file that a descriptor refers to. `anonymous`: eventfd and other files without an inode type of their own. */
export type FileKind = 'regular' | 'directory' | 'character' | 'block' | 'fifo' | 'socket' | 'anonymous' | 'unknown';

/** An external file while it is dumped. */
export interface DumpedFile {
  /** What the link in `/proc/PID/fd` says; null when it cannot be read. */
  readonly path: string | null;
  readonly kind: FileKind;
  /** The device itself, of a character or block device. */
  readonly rdev: DeviceNumber | null;
  readonly inode: number | bigint;
  /** Open and status flags as `/proc/PID/fdinfo` has them, without O_CLOEXEC (open(2)). */
  readonly flags: number;
  /** In bytes: a number where that is exact, else a bigint. */
  readonly position: number | bigint;
  readonly owner: SignalOwner | null;
  /** Everyone in the dumped tree who holds this file: it is dumped once. */
  readonly holders: readonly Holder[];
}

/** Which plugin dumped a file. */
export interface Provider {
  readonly name: string;
  readonly version: string | null;
}

/** An external file while it is restored: what the dump recorded, with the pids and numbers of that time. */
export interface RecordedFile extends DumpedFile {
  /** null: unknown, because the images were not written through this host. */
  readonly provider: Provider | null;
}

/** A unix socket whose peer is outside the dumped tree (unix(7)). A leading `\0` in a name means the abstract namespace. */
export interface UnixSocketInfo {
  readonly type: 'stream' | 'dgram' | 'seqpacket';
  readonly name: string | null;
  readonly peerName: string | null;
  readonly state: 'connected' | 'listening' | 'unconnected';
  /** Status flags (fcntl(2), F_GETFL). */
  readonly flags: number;
  readonly holders: readonly Holder[];
}

/** What stat(2) says of a mapped device. */
export interface DeviceStat {
  readonly mode: number;
  /** The file system that the node is on. */
  readonly device: DeviceNumber;
  readonly inode: number | bigint;
  /** The device itself. */
  readonly rdev: DeviceNumber;
}
