import { readMany, readPagemap } from '../../engine/restore/entries.ts';
import { mapFlag, protection, vmaStatus } from '../../facts/memory.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { PagesImage } from '../../pages/image-pages.ts';
import { pagemapOf, runsOf } from '../../pages/pagemap.ts';
import { type SharedMap, sharedPages } from '../../pages/shared-memory.ts';
import { bytesOf } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import { invalid, unsupported } from '../rules.ts';
import { sharedMemoryKey } from './keys.ts';
import type { FoundObject, Holder, LoadContext, LoadedHolder, LoadedObject, ObjectKind } from './kind.ts';

/** Anonymous memory that processes share, by its inode. CRIU keeps as much of it as is mapped. */
export const sharedMemory: ObjectKind = {
  name: 'anonymous shared memory',
  describe: [{ subject: 'memory', taken: ['anonymous memory that processes of the tree share (each page once)'] }],
  find,
  load,
};

const noFile = -1;
/** What images say of maps of it. */
const shared = vmaStatus.anonymousShared | vmaStatus.memfd;

function pagemapName(id: bigint): string {
  return `pagemap-shmem-${id}.img`;
}

function find(holders: readonly Holder[]): FoundObject[] {
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
    save(pagesId, { images, checkAborted }) {
      const size = maps.reduce((most, { vma }) => Math.max(most, vma.offset + vma.end - vma.start), 0);
      const source = sharedPages(maps, size, checkAborted);
      try {
        images.add(pagemapName(id), () => pagemapOf(pagesId, source.runs));
        return source;
      } catch (error) {
        source.close();
        throw error;
      }
    },
  }));
}

function load(holders: readonly LoadedHolder[], { session }: LoadContext): LoadedObject[] {
  const maps = holders.flatMap(({ memory }) => memory.maps.filter(({ entry }) => (entry.status & shared) !== 0));
  const ofFile = maps.some(({ entry }) => entry.status & vmaStatus.memfd) ? namelessMemfds(session) : () => 0n;
  const sizes = new Map<bigint, number>();
  const unreserved = new Set<bigint>();
  for (const map of maps) {
    const { entry, start, end } = map;
    const id = entry.status & vmaStatus.memfd ? ofFile(Number(entry.shmid)) : entry.shmid;
    const size = Number(entry.pgoff) + end - start;
    sizes.set(id, Math.max(size, sizes.get(id) ?? 0));
    if (entry.flags & mapFlag.noReserve) unreserved.add(id);
    map.object = sharedMemoryKey(id);
  }
  return [...sizes].map(([id, size]) => ({
    key: sharedMemoryKey(id),
    size,
    pages: readPages(id, size, session),
    make: (at): TaskCall[] => [
      {
        name: 'mmap',
        args: [
          at,
          size,
          protection.read | protection.write,
          // All maps of it take this from the first one: mremap(2) copies the flags.
          mapFlag.shared | mapFlag.anonymous | mapFlag.fixedNoReplace | (unreserved.has(id) ? mapFlag.noReserve : 0),
          noFile,
          0,
        ],
        expect: at,
        what: `make ${size} bytes of shared memory`,
      },
    ],
  }));
}

/**
 * CRIU takes memory of nothing for that of a memfd of the name /dev/zero, which is what the kernel shows: its maps lead to a file
 * of
 * that kind. Gives the memory of such a file. criu/memfd.c
 * @throws EngineError UNSUPPORTED for those that memfd_create(2) made
 */
function namelessMemfds(session: Session): (file: number) => bigint {
  const files = new Map(readMany(session, 'FILES', 'files.img').map((file) => [file.id, file.memfd?.inodeId]));
  const inodes = new Map(readMany(session, 'MEMFD_INODE', 'memfd.img').map((inode) => [Number(inode.inodeId), inode]));
  return (file) => {
    const inode = inodes.get(files.get(file) ?? -1);
    if (inode === undefined) throw invalid('memfd.img', `no memory of file ${file}, which is mapped`);
    if (inode.name === '/dev/zero') return BigInt(inode.shmid);
    throw unsupported(`memfd.img: memory of the memfd ${JSON.stringify(inode.name)}`, 'Restore it with CRIU.');
  };
}

/** null: nothing of it was used. */
function readPages(id: bigint, size: number, session: Session): PagesImage | null {
  const pagemap = pagemapName(id);
  if (!session.store.exists(pagemap)) return null;
  const { head, entries } = readPagemap(session, pagemap);
  const runs = runsOf(pagemap, entries);
  let last = 0;
  for (const { start, end } of runs) {
    if (start < last || end > size) throw invalid(pagemap, `pages at ${start.toString(16)} of ${size} bytes`);
    last = end;
  }
  return bytesOf(runs) === 0 ? null : { name: `pages-${head.pagesId}.img`, pagemap, runs };
}
