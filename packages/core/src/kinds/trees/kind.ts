import type { AttributesRecord, PlanSubject, Records, Refusal, TaskRecord } from '@criujs/engine-kit';
import type { EntryOf, ImageKind, ImageRecord } from '@criujs/images';
import type { Stat } from '@criujs/linux';
import type { TaskImage, TreeImage } from '../../engine/restore/read.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenTree } from '../../machinery/freeze/freeze.ts';
import type { Hold } from '../../machinery/guard/holds.ts';
import type { BeforeItRuns } from '../../machinery/guard/releases.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import type { EngineDumpOptions, EngineRestoreOptions } from '../../options.ts';
import type { Session } from '../../run/session.ts';
import type { Maker } from '../../system-v/maker.ts';
import type { Description } from '../description.ts';
import type { ImageWriter } from '../files/side-images.ts';
import type { ManagedGroups } from '../processes/kind.ts';
import type { SystemVRecording } from '../system-v-records.ts';
import type { ThreadPart } from '../threads/kind.ts';
import type { Birth } from './session-births.ts';

/** A process among others, frozen or only looked at. */
export interface Relative {
  readonly pid: number;
  /** 0 for the root. */
  readonly ppid: number;
  readonly command: string;
  readonly stat: Pick<Stat, 'session' | 'exitSignal'>;
  readonly state: 'alive' | 'stopped' | 'zombie';
}

/** A tree, parents first. */
export interface Family {
  readonly tasks: readonly Relative[];
}

/** Why something that the processes of a tree have in common cannot be dumped, and the process that it is about. */
export interface TreeProblem extends Pick<Refusal, 'resource' | 'why' | 'remedy'> {
  readonly pid: number;
  readonly command: string;
  /** It is over in a moment by itself: a dump looks again before it refuses. */
  readonly passes?: true;
}

/** Something that the processes of a tree have in common and that is dumped, and a process that has it. */
export interface TreeResource {
  readonly pid: number;
  readonly command: string;
  readonly resource: string;
}

/** What holding something of a tree may use. */
export interface HoldContext {
  readonly session: Session;
  /** Does something that is undone if the dump fails. */
  readonly hold: Hold;
}

/** What the user lets a dump do about what a tree has as a whole. */
export type DumpOfTree = Pick<EngineDumpOptions, 'manageCgroups' | 'cgroupRoot' | 'cgroupYard'>;

/** What saving something of a tree may use. */
export interface SaveContext {
  readonly options: DumpOfTree;
  readonly images: ImageWriter;
  /** What the images have no place for: it goes into criujs.json. */
  readonly records: { readonly tasks: TaskRecord[]; readonly systemV: SystemVRecording };
  /** What criujs.json says of threads and processes. */
  readonly attributes: readonly AttributesRecord[];
}

/** Reads images. */
export interface EntryReader {
  /** The entry of an image that holds one. @throws EngineError IMAGE_INVALID */
  readOne<K extends ImageKind>(kind: K, name: string): EntryOf<K>;
  /** All entries of an image, each with the bytes that follow it. @throws EngineError IMAGE_INVALID */
  readAll<K extends ImageKind>(kind: K, name: string): readonly ImageRecord<K>[];
}

/** What reading something of a tree may use. */
export interface LoadContext extends EntryReader {
  readonly session: Session;
  /** null: the images come from CRIU, which keeps no records of ours. */
  readonly records: Records | null;
  /** Undoes something that a dump kept, just before the tree runs; if the restore fails, it stays. */
  readonly beforeItRuns: BeforeItRuns;
  /** What the user lets a restore do. */
  readonly options: Pick<
    EngineRestoreOptions,
    'allowClockBehind' | 'newPids' | 'manageCgroups' | 'cgroupRoot' | 'cgroupYard'
  >;
  /** Has something released when everything is made, or the restore fails. */
  untilMade(release: () => void): void;
}

/** What the images say of who is who in a tree. */
export type TreeIdentity = Pick<TreeImage, 'tasks' | 'rootIds'>;

/** A step on the way to all threads of a process: one clones another, or makes calls of its own. Threads are numbered as in the images. */
export type ThreadStep =
  | { readonly at: number; readonly from: number }
  | { readonly at: number; readonly calls: readonly TaskCall[] };

/** What the images say of how processes are made. */
export interface LoadedTree {
  /** More options with which all that is made is traced, until it is released. ptrace(2). */
  readonly traceOptions?: number;
  /**
   * How the threads of a process come to be, once it has its character; the main thread exists. Each other thread is cloned once.
   * @param isLimited whether the process has the rights of the images' owner only
   */
  threadSteps?(image: TaskImage, isLimited: boolean): readonly ThreadStep[];
  /** The signal that the parent of a process gets when it ends; undefined: they do not say. */
  exitSignal?(pid: number): number | undefined;
  /** How a process is born into its session. */
  birth?(pid: number): Birth | undefined;
  /** Where processes and threads belong, if not where criujs.json says. */
  readonly groups?: ManagedGroups;
  /** Prepares the helper from which the tree is cloned, before the first clone. Calls in it go through `own`. */
  prepare?(helper: BuiltThread, workshop: Workshop, maker: Maker): void;
  /** Does what takes processes that are complete, with their own rights: the last before they run. */
  complete?(tree: CompleteTree): void;
}

/** A tree whose processes are complete and stand still. */
export interface CompleteTree {
  /** The pid that a process has now; undefined: there is none. */
  now(pid: number): number | undefined;
  /**
   * Makes a process run calls, with warnings of those that may fail.
   * @param pid the one that it had
   * @param file the image to blame for calls that make no sense
   */
  run(pid: number, calls: readonly TaskCall[], file: string): void;
}

/** A subject of the tree as a whole: how it is known, dumped and brought back. Whatever it does not need it leaves out. */
export interface TreeKind {
  /** In words, for plans, docs and errors. */
  readonly name: string;
  /** What the README's table says of it. */
  readonly describe: readonly Description[];
  /** The subject of a plan's rows that {@link recognise} leads to. Default: the process. */
  readonly subject?: PlanSubject;
  /** What of it is taken beside the processes themselves, for a plan. Looks only. */
  survey?(tree: Family): readonly TreeResource[];
  /** What of it nobody can dump. Looks only; a plan asks while the tree runs. @throws EngineError NOT_PERMITTED */
  recognise?(tree: Family): readonly TreeProblem[];
  /** Does what is to last until the tree runs again: once all stand still and nothing is refused, before anything is asked of them. */
  hold?(tree: FrozenTree, context: HoldContext): void;
  /** What the images of threads say of it, by thread id: asked once all stand still and nothing is refused. */
  ofThreads?(tree: FrozenTree, options: DumpOfTree): (tid: number) => ThreadPart;
  /** Writes the images that it owns. */
  save?(tree: FrozenTree, context: SaveContext): void;
  /** Refuses what the images cannot mean, before anything else of a process is looked at. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
  check?(tree: TreeIdentity): void;
  /** Reads what it saved, before anything is opened or made. It may warn. @throws EngineError IMAGE_INVALID */
  load?(tree: TreeImage, context: LoadContext): LoadedTree | undefined;
}
