import { recordsName } from '@criujs/engine-kit';
import { LinuxError } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import { readMany } from '../../engine/restore/entries.ts';
import type { MapPlan } from '../../engine/restore/layout.ts';
import { pageSize, vmaStatus } from '../../facts/memory.ts';
import { ipcCommand, lockSegment, segmentFlag, segmentMark } from '../../facts/system-v.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Session } from '../../run/session.ts';
import { createObject, flagsOf, type NewObject, ownerCall } from '../../system-v/create.ts';
import { objectsOf } from '../../system-v/description.ts';
import type { Maker } from '../../system-v/maker.ts';
import { systemVName } from '../../system-v/sorts.ts';
import { changed, isThere } from '../../system-v/there.ts';
import { isSet } from '../is-set.ts';
import { invalid, unsupported } from '../rules.ts';
import { type SegmentAccess, segmentKey, segmentPages } from './keys.ts';
import type { LoadContext, LoadedHolder, LoadedObject, ObjectPlace } from './kind.ts';
import { readObjectPages } from './read-pages.ts';

/** Segments of the engine's IPC namespace, which the images of CRIU have under the number 0 as well. */
export const segmentImage = 'ipcns-shm-0.img';

/** A segment of the images. */
interface Segment {
  readonly object: NewObject;
  /** In bytes, as the program asked for it. */
  readonly size: number;
  /** Whether it is on this machine as it was. */
  readonly isThere: boolean;
}

/** Reads the segments that maps of the images are of, and looks which of them are there. @throws EngineError */
export function loadSegments(holders: readonly LoadedHolder[], { session, records }: LoadContext): LoadedObject[] {
  const maps = holders.flatMap(({ memory }) =>
    memory.maps.filter(({ entry }) => (entry.status & vmaStatus.sysvShared) !== 0),
  );
  if (maps.length === 0) return [];
  if (records === null || !session.store.exists(segmentImage))
    throw unsupported(
      'System V shared memory that another program than criujs has dumped',
      'Restore it with CRIU (--engine criu), in an IPC namespace of its own.',
    );
  const recorded = new Map(records.systemV?.segments.map((it) => [it.id, it]));
  const byId = new Map(
    objectsOf(readMany(session, 'IPCNS_SHM', segmentImage), segmentImage).map(({ object, entry }) => {
      const record = recorded.get(object.id);
      if (record === undefined) throw invalid(recordsName, `nothing of System V shared memory segment ${object.id}`);
      const size = Number(entry.size);
      if (!Number.isSafeInteger(size) || size < 1) throw invalid(segmentImage, `a segment of ${entry.size} bytes`);
      if (isSet(entry, 'hugetlbFlag')) throw unsupported('a segment with huge pages', 'Restore it with CRIU.');
      const { creator, ctime } = record;
      return [object.id, { object, size, isThere: () => isThere('shm', { ...object, size, creator, ctime }) }] as const;
    }),
  );
  const ids = new Set(maps.map(({ entry }) => Number(entry.shmid)));
  return [...ids].flatMap((id) => {
    const segment = byId.get(id);
    if (segment === undefined) throw invalid(segmentImage, `no segment ${id}, which is mapped`);
    const own = maps.filter(({ entry }) => Number(entry.shmid) === id);
    for (const map of own) place(map, id, segment.size);
    return objectsFor({ ...segment, isThere: segment.isThere() }, own, session);
  });
}

function place(map: MapPlan, id: number, size: number): void {
  const { entry, start, end } = map;
  if (Number(entry.pgoff) + end - start > roundUp(size))
    throw invalid(segmentImage, `segment ${id} has ${size} bytes, and more of it is mapped`);
  map.object = segmentKey(id, accessOf(map));
}

function accessOf({ entry }: MapPlan): SegmentAccess {
  return entry.fdflags === 0 ? 'read' : 'write';
}

function roundUp(size: number): number {
  return Math.ceil(size / pageSize) * pageSize;
}

/**
 * How a segment is attached in the process that all others are cloned from: for writing, for reading, or both. The first is filled or
 * compared. A new one is attached for writing by whoever fills it.
 */
function objectsFor(segment: Segment, maps: readonly MapPlan[], session: Session): LoadedObject[] {
  const used = new Set(maps.map(accessOf));
  if (!segment.isThere) used.add('write');
  const [first, ...others] = (['write', 'read'] as const).filter((access) => used.has(access));
  const { object, size } = segment;
  const common = (access: SegmentAccess) => ({ key: segmentKey(object.id, access), size: roundUp(size) });
  const pages = readObjectPages(segmentPages(object.id), roundUp(size), session);
  const attachOthers = others.map(
    (access): LoadedObject => ({
      ...common(access),
      pages: null,
      make: ({ at, maker }) => attach(segment, access, at, maker),
    }),
  );
  if (first === undefined) return [];
  return [
    { ...common(first), pages, ...(segment.isThere ? asItIs(segment, first) : anew(segment, session)) },
    ...attachOthers,
  ];
}

type Making = Pick<LoadedObject, 'make' | 'filled' | 'differs'>;

function asItIs(segment: Segment, access: SegmentAccess): Making {
  return {
    make: ({ at, maker }) => attach(segment, access, at, maker),
    differs: () => changed('shm', segment.object, 'somebody has written to it'),
  };
}

function anew(segment: Segment, { warn }: Session): Making {
  const { object, size } = segment;
  return {
    make({ at, maker }) {
      createObject('shm', object, maker, () => maker.call('shmget', [object.key, size, flagsOf(object)]), warn);
      attach(segment, 'write', at, maker);
    },
    filled: (place) => complete(segment, place),
  };
}

function attach({ object }: Segment, access: SegmentAccess, at: number, maker: Maker): void {
  try {
    maker.act(() => maker.call('shmat', [object.id, at, access === 'read' ? segmentFlag.readOnly : 0]));
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    const name = systemVName('shm', object);
    const forWhat = access === 'read' ? 'reading' : 'reading and writing';
    throw refusedCall(error.code, `${name} cannot be attached for ${forWhat}: ${error.message}`, {}, error);
  }
}

/** A segment that was removed while somebody had it attached goes with the last one who has. */
function complete({ object }: Segment, { maker }: ObjectPlace): void {
  const name = systemVName('shm', object);
  const calls: TaskCall[] = [ownerCall('shm', object)];
  if (object.mode & segmentMark.locked)
    calls.unshift({
      name: 'shmctl',
      args: [object.id, lockSegment, 0],
      optional: true,
      what: `lock ${name} in memory`,
    });
  if (object.mode & segmentMark.removed)
    calls.push({ name: 'shmctl', args: [object.id, ipcCommand.remove, 0], what: `mark ${name} as removed` });
  maker.act(() => maker.run(calls, segmentImage));
}
