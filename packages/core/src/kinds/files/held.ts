import type { EngineOptions } from '@criujs/engine-kit';
import type { Fdinfo, FileStat, UnixSocket } from '@criujs/linux';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import type { HookName } from '@criujs/plugin-sdk';

/** A process as the lists of descriptors know it. */
export interface SeenProcess {
  readonly pid: number;
  readonly command: string;
}

/** A process and one of its descriptors. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/** A file as a process has it: at a descriptor, as its program, as a directory, or as memory. */
export interface HeldFile {
  readonly pid: number;
  /** What the kernel's link to it says. proc_pid_fd(5). */
  readonly link: string;
  readonly stat: FileStat;
  /** Flags to open it with again, without O_CLOEXEC. */
  readonly flags: number;
  /** A path in /proc that leads to this file even if its name leads elsewhere. */
  readonly handle: string;
}

/** One descriptor of one process, as /proc shows it. proc_pid_fd(5), proc_pid_fdinfo(5). */
export interface SeenFile extends HeldFile, Holder {
  readonly command: string;
  readonly info: Fdinfo;
  readonly closeOnExec: boolean;
}

/** Why a file cannot be dumped; with the process it becomes a Refusal. */
export interface Problem {
  /** The file in words. */
  readonly file: string;
  readonly why: string;
  readonly remedy: string;
  /** It is over in a moment by itself, as a rule. */
  readonly passes?: true;
  /** What plugins can be asked about it: packages that would answer yes are named. */
  readonly questions?: readonly ResourceQuestion[];
}

/** Whether a kind takes a file: it does, it does not (ask the next), or it knows the file and cannot dump it. */
export type Recognition = 'mine' | null | Problem;

/** All descriptors of the tree, as far as recognising one file needs the others. */
export interface Tree {
  readonly pids: readonly number[];
  /** Every descriptor. */
  readonly all: readonly SeenFile[];
  /** Whether a loaded plugin has this hook. */
  serves(hook: HookName): boolean;
  /** What the user lets a dump do about files. */
  readonly options: EngineOptions<'dump'>;
  /** The unix socket with this inode, if our network namespace has it. */
  unixSocket(inode: number): UnixSocket | undefined;
  /** The listening unix socket at which the connection of the one with this inode waits to be accepted. */
  listenerOf(inode: number): UnixSocket | undefined;
  /** Whether a process of the tree has a descriptor of the socket with this inode. */
  holdsSocket(inode: number): boolean;
  /** Whether a process outside of the tree holds the other end of this pipe, as far as one can tell. */
  isPipeOpenOutside(file: SeenFile): boolean;
  /** A number for a named pipe: all its ends have the same, and no other named pipe has it. */
  fifoId(file: SeenFile): number;
  /** Why a file cannot be found again by its name, nor be made again without it; null: it can. */
  nameProblem(file: HeldFile): Problem | null;
  /** Lends a duplicate of a descriptor to `use` and closes it afterwards. @throws EngineError NOT_PERMITTED */
  borrow<T>(file: Holder, use: (fd: number) => T): T;
  /** The same for a use that may do without: the duplicate is made when it is first asked for. */
  borrowLater<T>(file: Holder, use: (fd: () => number) => T): T;
}
