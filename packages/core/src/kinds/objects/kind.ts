import type { DumpedMap } from '../../engine/dump/maps.ts';
import type { FindContext } from '../../engine/dump/pages.ts';
import type { MemoryPlan } from '../../engine/restore/layout.ts';
import type { TaskImage } from '../../engine/restore/read.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import type { BeforeItRuns } from '../../machinery/guard/releases.ts';
import type { PagesImage } from '../../pages/image-pages.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import type { Description } from '../description.ts';

/** A frozen process, as far as it may hold objects. */
export interface Holder {
  readonly task: FrozenTask;
  readonly maps: readonly DumpedMap[];
}

/** An object of the tree that is dumped, however many hold it. */
export interface FoundObject {
  /**
   * Adds its own images, all but its pages, and gives those.
   * @param pagesId the number of the image that its pages go to
   */
  save(pagesId: number, context: FindContext): PageSource;
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
  /** Calls that make it there, at an address that is free. */
  make(at: number): readonly TaskCall[];
}

/** What reading the objects of the images may use. */
export interface LoadContext {
  readonly session: Session;
  /** Undoes something that a dump kept, just before the tree runs; if the restore fails, it stays. */
  readonly beforeItRuns: BeforeItRuns;
}

/** Something of the kernel's that many may hold: it is saved once, and made once before any of them. */
export interface ObjectKind {
  /** In words, for docs and errors. */
  readonly name: string;
  /** Its words in the README's table of what can be dumped; none for a part that no user asks about. */
  readonly describe: readonly Description[];
  /** Finds all that these processes hold, each once. */
  find(holders: readonly Holder[]): readonly FoundObject[];
  /** Finds those of the images, reads and checks them. @throws EngineError IMAGE_INVALID */
  load(holders: readonly LoadedHolder[], context: LoadContext): readonly LoadedObject[];
}
