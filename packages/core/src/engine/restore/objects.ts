import { EngineError } from '@criujs/engine-kit';
import { addressEnd, pageSize } from '../../facts/memory.ts';
import type { LoadContext, LoadedHolder, LoadedObject, ObjectPlace } from '../../kinds/objects/kind.ts';
import { objectKinds } from '../../kinds/objects/table.ts';
import { invalid } from '../../kinds/rules.ts';
import { runTaskCalls, type TaskCall } from '../../machinery/calls/remote.ts';
import { own } from '../../machinery/make/clone.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import { imagePages } from '../../pages/image-pages.ts';
import { isSame } from '../../pages/same-memory.ts';
import type { PageSource } from '../../pages/source.ts';
import type { PagePlace } from '../../pages/task-memory.ts';
import type { Session } from '../../run/session.ts';
import type { Maker } from '../../system-v/maker.ts';
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
    // The place of all is not known yet, and each finds its own within its part.
    size += object.size + (object.alignment ?? pageSize) - pageSize;
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
export function makeObject(
  { object }: PlacedObject,
  content: PageSource | null,
  filling: Filling,
  { source, maker }: Pick<ObjectPlace, 'source'> & { readonly maker: Maker },
): void {
  const { workshop, thread, session } = filling;
  const { alignment = pageSize } = object;
  const at = Math.ceil(workshop.object(object.key) / alignment) * alignment;
  const file = object.pages?.pagemap ?? '';
  const run = (calls: readonly TaskCall[]): void =>
    void runTaskCalls(workshop.place(thread), workshop.data, calls, file);
  const place = { at, source, run, maker };
  object.make(place);
  if (object.differs !== undefined) {
    const memory = { pid: thread.pid, start: at, size: object.size };
    if (!isSame(memory, content, session.checkAborted)) throw object.differs();
  } else if (content !== null) fillMemory(filling, placesIn(object, at), content, file);
  object.filled?.(place);
}

/** Takes the objects away from that process, since the kernel counts who has them: once all others exist. */
export function leaveObjects(helper: BuiltThread, workshop: Workshop, { size }: ObjectPlan): void {
  if (size > 0) own(helper, workshop, 'munmap', [workshop.end - size, size]);
}

function placesIn({ pages }: LoadedObject, at: number): PagePlace[] {
  let offset = 0;
  return (pages?.runs ?? []).map(({ start, end }) => {
    const place = { start: at + start, length: end - start, offset };
    offset += place.length;
    return place;
  });
}
