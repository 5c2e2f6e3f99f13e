import { EngineError } from '@criujs/engine-kit';
import { addressEnd } from '../../facts/memory.ts';
import type { LoadContext, LoadedHolder, LoadedObject } from '../../kinds/objects/kind.ts';
import { objectKinds } from '../../kinds/objects/table.ts';
import { invalid } from '../../kinds/rules.ts';
import { runTaskCalls } from '../../machinery/calls/remote.ts';
import { imagePages } from '../../pages/image-pages.ts';
import type { PageSource } from '../../pages/source.ts';
import type { PagePlace } from '../../pages/task-memory.ts';
import type { Session } from '../../run/session.ts';
import { type Filling, fillMemory } from './fill.ts';

/** An object, and where it lies among all. */
interface PlacedObject {
  readonly object: LoadedObject;
  /** In bytes from where the first one begins. */
  readonly offset: number;
}

/** All objects that the images have. */
export interface ObjectPlan {
  readonly list: readonly PlacedObject[];
  /** Bytes of addresses that they need together. */
  readonly size: number;
  /** Where one begins among all. */
  offset(key: string): number;
}

/** Half of a process's addresses: the other half is for what it maps of them. */
const mostBytes = addressEnd / 2;

/** Reads and checks the objects of the images. @throws EngineError IMAGE_INVALID */
export function planObjects(holders: readonly LoadedHolder[], context: LoadContext): ObjectPlan {
  const list: PlacedObject[] = [];
  let size = 0;
  for (const object of objectKinds.flatMap((kind) => kind.load(holders, context))) {
    list.push({ object, offset: size });
    size += object.size;
  }
  if (size > mostBytes) throw invalid('the images', `objects of ${size} bytes, which fit into no address space`);
  const byKey = new Map(list.map(({ object, offset }) => [object.key, offset]));
  return {
    list,
    size,
    offset(key) {
      const offset = byKey.get(key);
      if (offset === undefined) throw new EngineError('INTERNAL', `no object is called ${key}`);
      return offset;
    },
  };
}

/** What an object is filled with; null: nothing. */
export function openObject({ object: { pages } }: PlacedObject, { store }: Session): PageSource | null {
  return pages === null ? null : imagePages(pages, store);
}

/** Makes an object in the process that all others are cloned from, and fills it. */
export function makeObject({ object }: PlacedObject, source: PageSource | null, filling: Filling): void {
  const { workshop, thread } = filling;
  const at = workshop.object(object.key);
  const file = object.pages?.pagemap ?? '';
  runTaskCalls(workshop.place(thread), workshop.data, object.make(at), file);
  if (source !== null) fillMemory(filling, placesIn(object, at), source, file);
}

function placesIn({ pages }: LoadedObject, at: number): PagePlace[] {
  let offset = 0;
  return (pages?.runs ?? []).map(({ start, end }) => {
    const place = { start: at + start, length: end - start, offset };
    offset += place.length;
    return place;
  });
}
