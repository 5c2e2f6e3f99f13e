import type { MessageInitShape, VmaEntry, VmaEntrySchema } from '@criujs/images';
import type { RemoteCall, Vma } from '@criujs/linux';
import type { ResourceQuestion } from '@criujs/plugin-host/manifest';
import type { MapPlan } from '../../engine/restore/layout.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import type { DataArea, TaskCall } from '../../machinery/calls/remote.ts';
import type { Description } from '../description.ts';
import type { HeldFile, SeenProcess } from '../files/held.ts';

/** Why a map cannot be dumped. */
export interface MapProblem {
  readonly why: string;
  readonly remedy: string;
  /** What plugins can be asked about it: packages that would answer yes are named. */
  readonly questions?: readonly ResourceQuestion[];
}

/** Whether a kind takes a map: it does, it does not (ask the next), or it knows the map and cannot dump it. */
export type MapRecognition = 'mine' | null | MapProblem;

/**
 * Which pages of a map belong into the image of its process: what holds something, what differs from its file, all of it, or
 * none.
 */
export type DumpedPages = 'used' | 'changed' | 'whole' | 'none';

/** What an image says of a map. */
export type MapFields = MessageInitShape<typeof VmaEntrySchema> & { status: number };

/** What one kind writes of a map; place, protection and advice are the same for all. */
export interface SavedMap {
  readonly fields: Pick<MapFields, 'flags' | 'status' | 'pgoff' | 'shmid' | 'fdflags' | 'madv'> & { status: number };
  readonly pages: DumpedPages;
}

/** What saving a map may use. */
export interface MapContext {
  readonly process: SeenProcess;
  readonly files: CollectedFiles;
  /** The file that it was made from; looked at once. */
  file(): HeldFile | MapProblem;
}

/** What making a map in a task may use. */
export interface MapPlace {
  /** The task's descriptor of the file that is mapped. */
  source(map: MapPlan): number;
  /** Where an object lies in the memory that all tasks have while they are built; `kinds/objects` names their keys. */
  object(key: string): number;
}

/** A task with maps that have their pages. */
export interface FilledMaps {
  readonly pid: number;
  /** The image that says what they are. */
  readonly file: string;
  /** Memory of ours in the task. */
  readonly data: DataArea;
  /** Lets the task make calls; gives their answers. */
  run(calls: readonly RemoteCall[]): readonly number[];
}

/** A kind of memory map: how it is recognised, dumped and restored. */
export interface MapKind {
  /** In words, for plans, docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /**
   * Looks at nothing but the map and its file.
   * @param file looked at once however many kinds ask
   */
  recognise(vma: Vma, file: () => HeldFile | MapProblem): MapRecognition;
  /** Only plugins can dump it: they are asked about the device itself, or have taken the open file that it was made from. */
  readonly byPlugins?: 'device' | 'file';
  /** Whether it maps the file that its name is the path of. */
  readonly hasPath?: boolean;
  save(vma: Vma, context: MapContext): SavedMap;
  /** Whether an entry of the images is of this kind. */
  matches(entry: VmaEntry): boolean;
  /** Refuses what cannot be, before the first process is made. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
  check?(entry: VmaEntry, file: string): void;
  /** The call that makes it; null: the kernel gives it to every process, and it is only moved. */
  make(map: MapPlan, place: MapPlace): TaskCall | null;
  /** The kernel takes no address for it, and chooses one: it is made last, where nothing else is left (`engine/restore/steered.ts`). */
  readonly steered?: true;
  /** Puts what the kernel makes itself into the places of all maps of the kind, once they have their pages. @throws EngineError */
  settle?(maps: readonly MapPlan[], task: FilledMaps): void;
  /** The protection that it has then. Default: its own, and writing where it is filled. */
  readonly madeWith?: number;
}
