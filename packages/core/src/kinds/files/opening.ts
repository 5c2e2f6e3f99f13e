import type { EngineOptions, Records } from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import type { EntryOf, FdinfoEntry } from '@criujs/images';
import type { SyscallArgument, SyscallName } from '@criujs/linux';
import type { Hold } from '../../machinery/guard/holds.ts';
import type { BeforeItRuns } from '../../machinery/guard/releases.ts';
import type { Session } from '../../run/session.ts';
import type { ImageReader } from './side-images.ts';

/** A file of files.img, as it was read. */
export type FileEntry = EntryOf<'FILES'> & {
  /** Where it is found instead of under its name. */
  readonly remap?: EntryOf<'REMAP_FPATH'>;
  /** The entry that has its name and flags, where that is another. */
  readonly named?: FileEntry;
};

/** What the entries of every kind have. */
export interface CommonPart {
  /** Flags of the open file; 0 where an entry has none. */
  readonly flags: number;
  readonly fown: FileOwner;
}

/** The descriptors of one process by number. */
export type Table = ReadonlyMap<number, FdinfoEntry>;

/** The tables of all restored tasks, and the one whose calls are being made. */
export interface TaskTables {
  readonly own: Table;
  /** In the order of the images. */
  readonly all: readonly Table[];
  /** null: the images come from CRIU. */
  readonly records: Records | null;
}

/** What bringing back the files of a kind may use. */
export interface LoadContext {
  readonly session: Session;
  /** The entries of the kind. */
  readonly entries: readonly FileEntry[];
  /** Every entry of files.img. */
  all(): Iterable<FileEntry>;
  /** A path that leads to the file of an entry that has one, once files are opened. */
  handle(entry: FileEntry): string;
  /** An entry of any kind. */
  entry(id: number): FileEntry | undefined;
  /** Opens the file of an entry that has a name, for the engine: under its name, or where it was made again. */
  openName(entry: FileEntry, flags: number): number;
  /** The engine's own descriptor of the file with this id, once all are open. @throws EngineError IMAGE_INVALID */
  descriptor(id: number): number;
  /** Whether a process has a descriptor of it: others are only mapped, run or changed to. */
  hasDescriptor(id: number): boolean;
  /** What the user lets the restore do. */
  readonly options: EngineOptions<'restore'>;
  /** null: the images come from CRIU, which does not write our records. */
  readonly records: Records | null;
  readonly images: ImageReader;
  /** Has something undone before the tree runs: when all files are open, or the restore fails. Last held, first released. */
  untilOpen(release: () => void): void;
  /** Undoes something that a dump kept, just before the tree runs; if the restore fails, it stays. */
  readonly beforeItRuns: BeforeItRuns;
  /** Keeps a descriptor of the engine's open as long as files of the images may be opened. */
  keep(fd: number): void;
}

/** A call in a process; bytes are passed by address, and are there afterwards what the call has made of them. @throws LinuxError */
export type PlaceCall = (name: SyscallName, args: readonly (SyscallArgument | Uint8Array)[]) => number;

/** A process of the tree while it is made: it has every file that the engine has opened by then. */
export interface Newborn {
  /** The number there of a descriptor of the engine's. */
  at(fd: number): number;
  readonly call: PlaceCall;
}

/** Where a file is opened that leads to processes which the restore makes: the process from which all others are cloned. */
export interface LatePlace {
  /** The pid now of a process that had this pid when it was dumped; undefined: the images have no such process. */
  now(old: number): number | undefined;
  /** A process that lives, by the pid that it had when it was dumped. */
  process(old: number): Newborn | undefined;
  /** Makes a call there. */
  readonly call: PlaceCall;
  /** The pid now of the root. */
  readonly root: number;
  /** Opens a path there. @throws LinuxError */
  open(path: string, flags: number): number;
  /** The same in a process, by its pid at the dump, or in the root where there is none, and brings it there. @throws LinuxError */
  openIn(old: number, path: string, flags: number): number;
  /** Makes sure that a process, by its pid at the dump, has something at a number until it gets its own descriptors. @throws LinuxError */
  occupy(old: number, fd: number): void;
  /**
   * Makes calls in the name of a process that the images have, such as those after which the kernel tells others who made them.
   * @param maker the pid that it had when it was dumped; without such a process the place itself makes them
   * @param given numbers of the place, for which the process has others meanwhile
   * @param make gives numbers of what it has made there
   * @returns the numbers that the place has for these; the process has them no more
   */
  within(
    maker: number | undefined,
    given: readonly number[],
    make: (call: PlaceCall, given: readonly number[]) => readonly number[],
  ): readonly number[];
  /** Does something that is undone if the restore fails, also by the death of the engine. */
  readonly hold: Hold;
  /** A descriptor of the engine's own, close-on-exec, of what is open there. */
  fetch(number: number): number;
  /** Makes a process that ends with this wait status, and is waited for after `use`. wait(2) */
  withEnding(status: number, use: (pid: number) => void): void;
}

/** How the files of one kind are opened in one restore. */
export interface Opener {
  /** A new close-on-exec descriptor of the engine's own, or 'later' to be asked again when others are open. */
  open(entry: FileEntry): number | 'later';
  /** The same in the place of which the user gives a descriptor. Absent: it gets the very descriptor. */
  openThrough?(entry: FileEntry, fd: number): number;
  /** A path that leads to the file, for what is mapped, run or changed to. Absent: its name does. */
  handle?(entry: FileEntry): string;
  /** Whether a file can only be opened by `openLate`; what `open` gives keeps its place till then. */
  isLate?(entry: FileEntry): boolean;
  /** Opens a file when every process exists, and gives its number at that place. */
  openLate?(entry: FileEntry, place: LatePlace): number;
  /** The engine's descriptor of it that memory is mapped from which may be written. Absent: it is opened for that. */
  writable?(entry: FileEntry): number;
  /** A process leads its session now, which has no others yet. `pid` is the one that it had when it was dumped. */
  led?(pid: number, leader: Newborn): void;
  /** Sets what can only be set when every process exists. */
  afterFork?(entry: FileEntry, fd: number, place: LatePlace): void;
  /**
   * Starts what goes on by itself, such as a timer, once the restore opens and makes nothing more. The tree lives from here on whatever
   * happens, and does not run yet: what this throws is a warning.
   */
  start?(entry: FileEntry, fd: number): void;
}
