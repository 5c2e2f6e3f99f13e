import type { EngineOptions } from '@criujs/engine-kit';
import type { FdTypes } from '@criujs/images';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import type { ClaimableName } from '@criujs/plugin-sdk';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Description } from '../description.ts';
import type { FoundObject } from '../objects/kind.ts';
import type { DumpContext, FilePayload, OpenFile, SaveContext, SavedFile } from './dumping.ts';
import type { HeldFile, Holder, Problem, Recognition, SeenFile, Tree } from './held.ts';
import type { CommonPart, FileEntry, LoadContext, Opener, TaskTables } from './opening.ts';

/** A question, with the refusal if no plugin takes the resource. */
export type ClaimQuestion = ResourceQuestion & {
  /** The problem that it is when no plugin takes the resource. */
  unclaimed(why: string): Problem;
  /** Why the engine asks, where it knows the resource. */
  readonly reason?: string | undefined;
};

/** How plugins are asked to dump files of a kind. */
export interface ByPlugins {
  readonly hook: ClaimableName;
  /** What a plan asks the plugins about a file. Looks only. */
  question(file: SeenFile, holders: readonly Holder[], tree: Tree): ResourceQuestion;
  /** The problem that a file is when no plugin takes it, which `why` says. */
  unclaimed(file: SeenFile, tree: Tree, why: string): Problem;
}

/** How descriptors that the user gives take the place of files. */
export interface Inheritable {
  /** What the user calls such a file, as in CRIU: `pipe:[INO]`, or a path without its first slash. criu(8), --inherit-fd */
  name(entry: FileEntry): string;
  /** Why a descriptor cannot take the place of all files of one name; null: it can. */
  problem(entries: readonly FileEntry[], fd: number): string | null;
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
    recognise(file: HeldFile, options: EngineOptions<'dump'>): Recognition;
    dump(id: number, file: HeldFile): FilePayload;
  };
  /** null: no plugin takes it. */
  dump(file: OpenFile, context: DumpContext): FilePayload | Problem | null;
  /** Writes what else the images have of its files, all at once; also when there are none. */
  save?(files: readonly SavedFile[], context: SaveContext): void;
  /** The memory of its files, each once: it goes where pages go. */
  contents?(files: readonly SavedFile[]): readonly FoundObject[];
  /** Whether an entry of files.img is its own, by what it says: several kinds share one type of CRIU's. */
  matches(entry: FileEntry): boolean;
  /** Whether an entry is an open file. Absent: all of its entries are; others only name something. */
  isOpenFile?(entry: FileEntry): boolean;
  /** The part of an entry that all kinds have; undefined where a damaged one has none. */
  common(entry: FileEntry): CommonPart | undefined;
  /** Absent: no descriptor can take the place of its files. */
  readonly inheritable?: Inheritable;
  /** Reads and checks the images of its own, before anything is opened. @throws EngineError IMAGE_INVALID */
  load(context: LoadContext): Opener;
  /** Calls for the task that has the file at `fd`, made when all its descriptors are in place. */
  afterTasks?(entry: FileEntry, fd: number, tables: TaskTables): TaskCall[];
}
