import type { FdinfoEntry, FileEntry as PartialFileEntry } from '@criujs/images';
import type { LatePlace, Newborn } from '../kinds/files/opening.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';

/** One descriptor that a task is to have. */
export interface Placement {
  readonly fd: number;
  /** The engine's own descriptor of the same open file. */
  readonly source: number;
  readonly cloexec: boolean;
}

/** All open files of the images, open in the engine. Every descriptor here is close-on-exec and the engine's own. */
export interface OpenedFiles {
  /** The open file with this id. */
  descriptor(id: number): number;
  /** A file that a plugin opened, in words, and the plugin that dumped it where the images say; null: the engine opened it. */
  ofPlugin(id: number): { readonly resource: string; readonly plugin: string | undefined } | null;
  /** The path of a file that has one. */
  path(id: number): string;
  /** What memory is mapped from: a regular file opened anew for reading or for both, or the very file of a plugin. */
  mapping(id: number, access: 'read' | 'write'): number;
  /** A directory to change to: fchdir(2) takes it. */
  directory(id: number): number;
  /** Whether a directory is another than the engine's own root. */
  isForeignRoot(id: number): boolean;
  placements(filesId: number): Placement[];
  /** Which of the engine's descriptors for this table `openLate` opens. */
  late(filesId: number): number[];
  /** All of them, also of files that are on their way and in no table. */
  allLate(): number[];
  /** Whether there are files that can only be opened when every process exists. */
  readonly hasLate: boolean;
  /** Does what the leader of a session has to do before that has others. */
  led(pid: number, leader: Newborn): void;
  /** Opens those where all tasks have their descriptors from; `at` tells the number there of a descriptor of the engine's. */
  openLate(place: LatePlace, at: (fd: number) => number): void;
  /** Sets owners of signals, and flags and positions of external files. `pids` tells the pid now of a pid then. */
  afterFork(pids: (old: number) => number, place: LatePlace): void;
  /** Starts what goes on by itself, when the tree can no longer fail and does not run yet. Never throws. */
  start(): void;
  /**
   * Calls for a task with this table, to be made when all its descriptors are in place.
   * @param pids of all processes that have the table, as in the images
   */
  afterTasks(filesId: number, pids: readonly number[]): TaskCall[];
  /** Does what has to follow these calls. */
  afterCalls(pid: number): void;
  close(): void;
}

/** What the images say of files. */
export interface FileImages {
  readonly files: readonly PartialFileEntry[];
  readonly fdinfo: ReadonlyMap<number, readonly FdinfoEntry[]>;
  /** Ids of devices that a plugin took as memory maps: these may be opened. */
  readonly devices: ReadonlySet<number>;
  /** The tables of processes, by their pids. */
  readonly owners: ReadonlyMap<number, number>;
}
