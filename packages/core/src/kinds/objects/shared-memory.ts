import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { type SharedMap, sharedPages } from '../../pages/shared-memory.ts';
import { sharedMemoryKey, sharedMemoryPagemap } from './keys.ts';
import type { FoundObject, Holder, LoadContext, LoadedHolder, LoadedObject, ObjectKind } from './kind.ts';
import { mapObject } from './map-object.ts';
import { readObjectPages } from './read-pages.ts';

/** Anonymous memory that processes share, by its inode. CRIU keeps as much of it as is mapped. */
export const sharedMemory: ObjectKind = {
  name: 'anonymous shared memory',
  describe: [{ subject: 'memory', taken: ['anonymous memory that processes of the tree share (each page once)'] }],
  save,
  load,
};

const noFile = -1;
function save(holders: readonly Holder[]): FoundObject[] {
  const found = new Map<bigint, SharedMap[]>();
  for (const { task, maps } of holders) {
    for (const { vma, entry } of maps) {
      if (!(entry.status & vmaStatus.anonymousShared) || entry.shmid === undefined) continue;
      const known = found.get(entry.shmid);
      if (known === undefined) found.set(entry.shmid, [{ pid: task.pid, vma }]);
      else known.push({ pid: task.pid, vma });
    }
  }
  return [...found].map(([id, maps]) => ({
    pagemap: sharedMemoryPagemap(id),
    pages(check) {
      const size = maps.reduce((most, { vma }) => Math.max(most, vma.offset + vma.end - vma.start), 0);
      return sharedPages(maps, size, check);
    },
  }));
}

function load(holders: readonly LoadedHolder[], { session }: LoadContext): LoadedObject[] {
  const maps = holders.flatMap(({ memory }) =>
    memory.maps.filter(({ entry }) => (entry.status & vmaStatus.anonymousShared) !== 0),
  );
  const sizes = new Map<bigint, number>();
  const unreserved = new Set<bigint>();
  for (const map of maps) {
    const { entry, start, end } = map;
    const id = entry.shmid;
    const size = Number(entry.pgoff) + end - start;
    sizes.set(id, Math.max(size, sizes.get(id) ?? 0));
    if (entry.flags & mapFlag.noReserve) unreserved.add(id);
    map.object = sharedMemoryKey(id);
  }
  return [...sizes].map(([id, size]) => ({
    key: sharedMemoryKey(id),
    size,
    pages: readObjectPages(id, size, session),
    make: (place) =>
      mapObject(place, {
        ...{ size, fd: noFile, what: `make ${size} bytes of shared memory` },
        // All maps of it take this from the first one: mremap(2) copies the flags.
        flags: mapFlag.anonymous | (unreserved.has(id) ? mapFlag.noReserve : 0),
      }),
  }));
}
