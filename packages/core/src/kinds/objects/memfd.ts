import { readMany } from '../../engine/restore/entries.ts';
import { hugePageSize, pageSize, vmaStatus } from '../../facts/memory.ts';
import { memfdImage } from '../files/memfd-inode.ts';
import { memfdKey } from './keys.ts';
import type { LoadContext, LoadedHolder, LoadedObject, ObjectKind } from './kind.ts';
import { mapObject } from './map-object.ts';
import { readObjectPages } from './read-pages.ts';

/** The memory of memfds. The kind of file makes them; here they are filled, in the process that all others are cloned from. */
export const memfdMemory: ObjectKind = {
  name: 'memory of memfds',
  describe: [],
  // The kind of file finds it.
  save: () => [],
  load,
};

function load(holders: readonly LoadedHolder[], { session }: LoadContext): LoadedObject[] {
  if (!session.store.exists(memfdImage)) return [];
  const files = readMany(session, 'FILES', 'files.img');
  // CRIU has that as memory of memfds, too.
  const anonymous = new Set(
    holders.flatMap(({ memory }) =>
      memory.maps.flatMap(({ entry }) => (entry.status & vmaStatus.anonymousShared ? [entry.shmid] : [])),
    ),
  );
  return readMany(session, 'MEMFD_INODE', memfdImage).flatMap((inode): LoadedObject[] => {
    const id = Number(inode.inodeId);
    const file = files.find(({ memfd }) => memfd?.inodeId === id)?.id;
    const size = Math.ceil(Number(inode.size) / pageSize) * pageSize;
    const pages = readObjectPages(BigInt(inode.shmid), size, session);
    if (file === undefined || pages === null || anonymous.has(BigInt(inode.shmid))) return [];
    return [
      {
        key: memfdKey(id),
        size,
        alignment: inode.hugetlbFlag === 0 ? pageSize : hugePageSize,
        pages,
        file,
        make: (place) =>
          mapObject(place, { size, fd: place.source(file), flags: 0, what: `map ${size} bytes of a memfd` }),
        // Nobody may seal it against writing as long as somebody can write.
        filled: ({ at, run }) => run([{ name: 'munmap', args: [at, size], what: 'unmap a memfd' }]),
      },
    ];
  });
}
