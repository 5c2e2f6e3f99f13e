import type { BigIntStats } from 'node:fs';
import type { ExternalRecord, FileOptions, Records, SocketRecord } from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import type { EntryInit, EntryOf, FdinfoEntry, FdTypes } from '@criujs/images';
import type { Fdinfo, UnixSocket } from '@criujs/linux';
import type { ClaimArgs, ClaimableName, HookName } from '@criujs/plugin-sdk';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Hold } from '../../machinery/guard/holds.ts';
import type { BeforeItRuns } from '../../machinery/guard/releases.ts';
import type { Session } from '../../run/session.ts';
import type { Description } from '../description.ts';
import type { ImageReader, ImageWriter } from './side-images.ts';

/** A file of files.img, as it was read. */
export type FileEntry = EntryOf<'FILES'> & {
  /** Where it is found instead of under its name. */
  readonly remap?: EntryOf<'REMAP_FPATH'>;
};

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
  readonly stat: BigIntStats;
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
}

/** Whether a kind takes a file: it does, it does not (ask the next), or it knows the file and cannot dump it. */
export type Recognition = 'mine' | null | Problem;

/** All descriptors of the tree, as far as recognising one file needs the others. */
export interface Tree {
  readonly pids: readonly number[];
  /** Whether a loaded plugin has this hook. */
  serves(hook: HookName): boolean;
  /** What the user lets a dump do about files. */
  readonly options: FileOptions;
  /** The unix socket with this inode, if our network namespace has it. */
  unixSocket(inode: number): UnixSocket | undefined;
  /** Whether a process of the tree has a descriptor of the socket with this inode. */
  holdsSocket(inode: number): boolean;
  /** Whether a process outside of the tree holds the other end of this pipe, as far as one can tell. */
  isPipeOpenOutside(file: SeenFile): boolean;
  /** Whether an end of this pipe that the tree holds makes packets of what is written (O_DIRECT). pipe(2). */
  isPacketPipe(file: SeenFile): boolean;
  /** Lends a duplicate of a descriptor to `use` and closes it afterwards. @throws EngineError NOT_PERMITTED */
  borrow<T>(file: Holder, use: (fd: number) => T): T;
}

export type { FileOwner } from '@criujs/engine-kit/externals';

/** One open file of the tree while it is dumped, however many descriptors share it. */
export interface OpenFile {
  readonly id: number;
  /** The first descriptor that has it. */
  readonly seen: SeenFile;
  readonly holders: readonly Holder[];
  readonly owner: FileOwner;
  /** A descriptor of the engine's own, valid while it is dumped. */
  readonly fd: number;
}

/** What dumping one file may use. */
export interface DumpContext {
  readonly session: Session;
  readonly tree: Tree;
  /** The id of the open file at a descriptor of the tree. */
  idOf(holder: Holder): number | undefined;
  /** Does something that is undone if the dump fails. Refusals come after it: what needs none to be there is done in `save`. */
  readonly hold: Hold;
  /** What plugins took: it goes into criujs.json. */
  readonly records: { readonly externals: ExternalRecord[]; readonly sockets: SocketRecord[] };
}

/** An entry of files.img before it is encoded. */
export type FileInit = EntryInit<'FILES'>;

/** The part of a `file_entry` that differs by kind, for example `{ reg: … }`. */
export type FilePayload = Omit<FileInit, 'type' | 'id' | '$typeName' | '$unknown'>;

/** A file of a kind that has been dumped. */
export interface SavedFile {
  readonly entry: FileInit & { readonly id: number };
  readonly file: HeldFile;
  /** The first descriptor that has it; null: it is a program, a directory or memory. */
  readonly holder: Holder | null;
}

/** What saving all files of a kind may use. */
export interface SaveContext {
  readonly tree: Tree;
  readonly images: ImageWriter;
  /** An id that no entry of files.img has yet. */
  nextId(): number;
  /** Adds an entry in front of those of open files: CRIU resolves references when it reads them. */
  addFirst(entry: FileInit): void;
  /** Does something that is undone if the dump fails. */
  readonly hold: Hold;
}

/** What bringing back the files of a kind may use. */
export interface LoadContext {
  readonly session: Session;
  /** The entries of the kind. */
  readonly entries: readonly FileEntry[];
  /** An entry of any kind. */
  entry(id: number): FileEntry | undefined;
  /** Whether a process has a descriptor of it: others are only mapped, run or changed to. */
  hasDescriptor(id: number): boolean;
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

/** How the files of one kind are opened in one restore. */
export interface Opener {
  /** A new close-on-exec descriptor of the engine's own, or 'later' to be asked again when others are open. */
  open(entry: FileEntry): number | 'later';
  /** A path that leads to the file, for what is mapped, run or changed to. Absent: its name does. */
  handle?(entry: FileEntry): string;
  /** Sets what can only be set when every process exists. */
  afterFork?(entry: FileEntry, fd: number): void;
}

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
}

/** What plugins that bring a claim are asked about one file before a dump. */
export type FileQuestion = {
  [N in ClaimableName]: { readonly hook: N; readonly args: ClaimArgs<N> };
}[ClaimableName];

/** A question, with the refusal if no plugin takes the resource. */
export type ClaimQuestion = FileQuestion & {
  /** The problem that it is when no plugin takes the resource. */
  unclaimed(why: string): Problem;
  /** Why the engine asks, where it knows the resource. */
  readonly reason?: string | undefined;
};

/** How plugins are asked to dump files of a kind. */
export interface ByPlugins {
  readonly hook: ClaimableName;
  /** What a plan asks the plugins about a file. Looks only. */
  question(file: SeenFile, holders: readonly Holder[], tree: Tree): FileQuestion;
  /** The problem that a file is when no plugin takes it, which `why` says. */
  unclaimed(file: SeenFile, tree: Tree, why: string): Problem;
}

/** A kind of file: how it is known, dumped and brought back. */
export interface FileKind {
  /** In words, for plans and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** CRIU's type of its entries. */
  readonly type: FdTypes;
  /** Its files are made anew at a restore: their owner and mode go into criujs.json. */
  readonly madeAnew?: true;
  /** Found in images of CRIU only: the engine does not dump it. */
  readonly onlyOfCriu?: true;
  /** Absent: the engine dumps it. */
  readonly plugins?: ByPlugins;
  /** Looks only. `plan` and `dump` both ask this, and ask the plugins before they refuse. */
  recognise(file: SeenFile, tree: Tree): Recognition;
  /** How it is dumped where a process has it without a descriptor. Absent: no process can. */
  readonly withoutDescriptor?: {
    recognise(file: HeldFile, options: FileOptions): Recognition;
    dump(id: number, file: HeldFile): FilePayload;
  };
  /** null: no plugin takes it. */
  dump(file: OpenFile, context: DumpContext): FilePayload | Problem | null;
  /** Writes what else the images have of its files, all at once; also when there are none. */
  save?(files: readonly SavedFile[], context: SaveContext): void;
  /** Whether an entry of files.img is its own, by what it says: several kinds share one type of CRIU's. */
  matches(entry: FileEntry): boolean;
  /** Whether an entry is an open file. Absent: all of its entries are; others only name something. */
  isOpenFile?(entry: FileEntry): boolean;
  /** The part of an entry that all kinds have; undefined where a damaged one has none. */
  common(entry: FileEntry): CommonPart | undefined;
  /** Reads and checks the images of its own, before anything is opened. @throws EngineError IMAGE_INVALID */
  load(context: LoadContext): Opener;
  /** Calls for the task that has the file at `fd`, made when all its descriptors are in place. */
  afterTasks?(entry: FileEntry, fd: number, tables: TaskTables): TaskCall[];
}
