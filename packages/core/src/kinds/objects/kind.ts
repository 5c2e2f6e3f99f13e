import type { EngineError, Records } from '@criujs/engine-kit';
import type { DumpedMap } from '../../engine/dump/maps.ts';
import type { MemoryPlan } from '../../engine/restore/layout.ts';
import type { TaskImage } from '../../engine/restore/read.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import type { BeforeItRuns } from '../../machinery/guard/releases.ts';
import type { PagesImage } from '../../pages/image-pages.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import type { Maker } from '../../system-v/maker.ts';
import type { Description } from '../description.ts';
import type { ImageWriter } from '../files/side-images.ts';
import type { SystemVRecording } from '../system-v-records.ts';

/** A frozen process, as far as it may hold objects. */
export interface Holder {
  readonly task: FrozenTask;
  readonly maps: readonly DumpedMap[];
}

/** An object of the tree that is dumped, however many hold it. */
export interface FoundObject {
  /** The image that says where its pages belong. */
  readonly pagemap: string;
  /** @param check called again and again while they are found; what it throws ends that */
  pages(check: () => void): PageSource;
}

/** What saving objects may use, beside their pages. */
export interface SaveContext {
  readonly images: ImageWriter;
  /** What the images have no place for: it goes into criujs.json. */
  readonly records: { readonly systemV: SystemVRecording };
}

/** A process of the images, as far as it may hold objects. */
export interface LoadedHolder {
  readonly image: TaskImage;
  readonly memory: MemoryPlan;
}

/** An object to restore. */
export interface LoadedObject {
  /** Names it to those that hold it. */
  readonly key: string;
  /** Bytes of addresses that it takes in the process that all others are cloned from. */
  readonly size: number;
  /** What it is filled with, its runs in bytes from its beginning; null: nothing. */
  readonly pages: PagesImage | null;
  /** What its address must be divisible by; default: a page. */
  readonly alignment?: number;
  /** The open file that it is the memory of. */
  readonly file?: number;
  /** It is on this machine already: instead of being filled it is compared, and this is the error if it differs. */
  readonly differs?: () => EngineError;
  /** Makes it there. */
  make(place: ObjectPlace): void;
  /** Does what is left once it is filled, before any process is cloned. */
  filled?(place: ObjectPlace): void;
}

/** Where an object is made. */
export interface ObjectPlace {
  /** An address that is free. */
  readonly at: number;
  /** The task's descriptor of a file, open for reading and writing. */
  source(file: number): number;
  /** Makes the task run calls. @throws EngineError */
  run(calls: readonly TaskCall[]): void;
  /** For what lives outside of the tree, too. */
  readonly maker: Maker;
}

/** What reading the objects of the images may use. */
export interface LoadContext {
  readonly session: Session;
  /** null: the images come from CRIU, which keeps no records of ours. */
  readonly records: Records | null;
  /** Undoes something that a dump kept, just before the tree runs; if the restore fails, it stays. */
  readonly beforeItRuns: BeforeItRuns;
}

/** Something of the kernel's that many may hold: it is saved once, and made once before any of them. */
export interface ObjectKind {
  /** In words, for docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** Finds all that these processes hold, each once, and writes what the images say of them beside their pages. */
  save(holders: readonly Holder[], context: SaveContext): readonly FoundObject[];
  /** Finds those of the images, reads and checks them. @throws EngineError IMAGE_INVALID */
  load(holders: readonly LoadedHolder[], context: LoadContext): readonly LoadedObject[];
}
