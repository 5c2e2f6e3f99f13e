import type { ControlGroup, PlanSubject, ProcessAttributes, Refusal } from '@criujs/engine-kit';
import type { CoreEntry, EntryInit, MessageInitShape, MmEntry, MmEntrySchema, TaskCoreEntry } from '@criujs/images';
import type { RemoteCall, Stat, Status } from '@criujs/linux';
import type { Area, Inquiry } from '../../machinery/calls/ask.ts';
import type { DataArea, TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import type { Infection } from '../../machinery/infect/infect.ts';
import type { Description } from '../description.ts';
import type { PartOf } from '../fields.ts';

/** What the kinds write of one process. */
export interface ProcessFields {
  /** `tc` of the core image of its main thread. */
  readonly core: NonNullable<EntryInit<'CORE'>['tc']>;
  /** Its `mm` image, all but the maps. */
  readonly mm: Omit<MessageInitShape<typeof MmEntrySchema>, 'vmas' | '$typeName'>;
  /** What goes into criujs.json, because the images have no place for it. */
  readonly record: ProcessAttributes;
}

/** What one kind writes. */
export type ProcessPart = PartOf<ProcessFields>;

/** A process that is looked at while it may run. */
export interface SeenProcess {
  readonly pid: number;
  readonly stat: Stat;
  readonly status: Status;
  /** Its threads beside the main one, which `stat` and `status` are about. */
  readonly others: readonly SeenThread[];
  /** Whether we trace it: it is stopped, to be dumped. */
  readonly traced: boolean;
}

/** A thread of such a process. */
export interface SeenThread {
  readonly tid: number;
  /** null: it has ended. */
  status(): Status | null;
}

/** Why something of a process cannot be dumped. */
export type ProcessProblem = Pick<Refusal, 'resource' | 'why' | 'remedy'>;

/** A question to a process itself: calls, and how their answers read. It is asked in a batch with others. */
export type Question<Part> = (area: Area) => Inquiry<Part>;

/** Calls of a frozen process whose answers decide what is asked next. */
export interface Talk {
  /** Memory of ours in the process, for arguments and answers. */
  readonly area: DataArea;
  /** @param at the number of the thread that makes them */
  run(at: number, calls: readonly RemoteCall[]): readonly number[];
  /** See {@link Infection.runCode}. */
  readonly runCode: Infection['runCode'];
  /** Called between pieces of work; what it throws ends the conversation. */
  readonly check: () => void;
}

/** Finds out what only a process can tell. @throws EngineError */
export type Conversation = (task: FrozenTask, talk: Talk) => ProcessPart;

/** What the images say of a process as a whole. */
export interface ProcessImage {
  readonly state: 'alive' | 'stopped';
  readonly tc: TaskCoreEntry;
  readonly mm: MmEntry;
  /** The core image of its main thread. */
  readonly leader: CoreEntry;
  /** Thread ids; the first is the pid. */
  readonly threads: readonly number[];
}

/** The control groups of a tree whose groups are managed. */
export interface ManagedGroups {
  /** Those of a thread, by the id that it had. */
  of(tid: number): readonly ControlGroup[];
  /** Where one is; null: nobody knows. */
  directoryOf(group: ControlGroup): string | null;
}

/** A process while it is restored. */
export interface RestoredProcess {
  readonly pid: number;
  /** What criujs.json says of it; null for images of CRIU and of older releases. */
  readonly recorded: ProcessAttributes | null;
  /** null: they are as criujs.json says, where they are there. */
  readonly groups: ManagedGroups | null;
  /** The thread that had this id when it was dumped; undefined: no thread of this process had it. */
  thread(old: number): number | undefined;
  /** Whether it is a process of the images' owner already, and has no more rights than they have. */
  readonly isOwners: boolean;
  /** Warns the user without failing the restore. */
  warn(message: string): void;
}

/**
 * When calls are made in a process: `character` when its memory and descriptors are in place and there is only the main thread,
 * `last` when all threads are complete.
 */
export type ProcessPhase = 'character' | 'last';

/** Files and links below `/proc/PID`, of a process or of each of its threads, that kinds look at. */
export interface ProcFiles {
  readonly texts?: readonly string[];
  readonly links?: readonly string[];
}

/** A subject of a process: how it is recognised, dumped and restored. It leaves out the parts that it does not need. */
export interface ProcessKind {
  /** In words, for plans, docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** The subject of a plan's rows that {@link recognise} leads to. Default: the process. */
  readonly subject?: PlanSubject;
  /** What of it cannot be dumped. Only looks. */
  recognise?(process: SeenProcess): readonly ProcessProblem[];
  /** What {@link recognise} and {@link look} read below `/proc/PID`, once each: a dump reads all of it in few steps. */
  readonly reads?: ProcFiles;
  /** The same below `/proc/PID/task/TID`, of each thread beside the main one. */
  readonly readsOfOthers?: ProcFiles;
  /** What can be read from outside a frozen process. */
  look?(task: FrozenTask): ProcessPart;
  /** What only the process can tell. */
  ask?(task: FrozenTask): readonly Question<ProcessPart>[];
  /**
   * The same where one answer decides what is asked next; each call is a stop of its own. Called once for a tree, and what it gives
   * for each process; null: there is nothing to ask. @throws EngineError
   */
  converse?(): Conversation | null;
  /** Checks what the images say, before the first process is made. @throws EngineError IMAGE_INVALID */
  check?(image: ProcessImage, file: string): void;
  /** Calls that it makes itself. */
  readonly calls?: Partial<
    Record<ProcessPhase, (image: ProcessImage, process: RestoredProcess) => readonly TaskCall[]>
  >;
  /** Does the rest from outside, once all threads exist and before any of them gets its own state. */
  apply?(image: ProcessImage, process: RestoredProcess): void;
}
