import type { MemoryArea } from '@criujs/engine-kit';
import type { FoundObject } from '../../kinds/objects/kind.ts';
import { traitsOf } from '../../kinds/traits/table.ts';
import { copyPages } from '../../pages/copy.ts';
import { frozenTask } from '../../pages/frozen-task.ts';
import { pagemapOf } from '../../pages/pagemap.ts';
import { pagesImage } from '../../pages/pages-image.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import type { DumpedMap } from './maps.ts';
import type { SmallImages } from './small-images.ts';

/** Pages of a frozen process that were found and must be copied. */
export interface FoundPages {
  readonly pagesId: number;
  readonly source: PageSource;
}

/** Those of a process. */
export interface FoundMemory extends FoundPages {
  /** What parts of its memory have and images of CRIU do not say. */
  readonly areas: readonly MemoryArea[];
}

/** What finding pages may use. */
export interface FindContext {
  /** Takes the map of them, `pagemap-PID.img`. */
  readonly images: SmallImages;
  readonly checkAborted: () => void;
}

/** Finds the pages of a frozen process that belong into the images. */
export function findPages(
  pid: number,
  pagesId: number,
  maps: readonly DumpedMap[],
  { images, checkAborted }: FindContext,
): FoundMemory {
  const source = frozenTask(pid, maps, checkAborted);
  images.add(`pagemap-${pid}.img`, () => pagemapOf(pagesId, source.runs));
  const guards = source.guards.map(
    ({ start, end }): MemoryArea => ({ start, end, trait: 'guard', name: null, key: null }),
  );
  return { pagesId, source, areas: [...guards, ...maps.flatMap(({ vma }) => traitsOf(vma))] };
}

/** Finds the pages of an object that several hold. */
export function findObject(object: FoundObject, pagesId: number, { images, checkAborted }: FindContext): FoundPages {
  const source = object.pages(checkAborted);
  try {
    images.add(object.pagemap, () => pagemapOf(pagesId, source.runs));
    return { pagesId, source };
  } catch (error) {
    source.close();
    throw error;
  }
}

/**
 * Copies the memory of all processes, each into its `pages-N.img`, one after the other.
 *
 * @returns how many bytes
 */
export function writePages(found: readonly FoundPages[], session: Session): number {
  return found.reduce((sum, { pagesId, source }) => {
    const sink = pagesImage(`pages-${pagesId}.img`, session.store);
    return sum + copyPages(source, sink, session.checkAborted);
  }, 0);
}
