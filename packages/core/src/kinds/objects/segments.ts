import { closeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { LinuxError, openPath, readSystemV, type SystemVObject } from '@criujs/linux';
import { pageSize, vmaStatus } from '../../facts/memory.ts';
import { type SharedMap, sharedPages } from '../../pages/shared-memory.ts';
import { descriptionOf } from '../../system-v/description.ts';
import { openFlag } from '../files/flags.ts';
import { segmentPages, sharedMemoryPagemap } from './keys.ts';
import type { FoundObject, Holder, ObjectKind, SaveContext } from './kind.ts';
import { loadSegments, segmentImage } from './segment-load.ts';

/** System V shared memory segments that are attached. Each is kept as a whole, also what nobody has mapped of it. */
export const segments: ObjectKind = {
  name: 'System V shared memory',
  // The kind of map has the words.
  describe: [],
  save,
  load: loadSegments,
};

/** A segment, and all maps of it in the tree. */
interface Attached {
  readonly segment: SystemVObject<'shm'>;
  readonly maps: readonly SharedMap[];
}

function save(holders: readonly Holder[], { images, records }: SaveContext): FoundObject[] {
  const all = attached(holders);
  if (all.length === 0) return [];
  images.write(
    'IPCNS_SHM',
    segmentImage,
    all.map(({ segment }) => ({
      message: { desc: descriptionOf(segment), size: BigInt(segment.size), inPagemaps: true },
    })),
  );
  records.systemV.segments.push(...all.map(({ segment: { id, creator, ctime } }) => ({ id, creator, ctime })));
  return all.map(pagesOf);
}

function pagesOf({ segment, maps }: Attached): FoundObject {
  const size = Math.ceil(segment.size / pageSize) * pageSize;
  if (!isMapped(maps, size) && !mayOpen(maps))
    throw new EngineError(
      'NOT_PERMITTED',
      `System V shared memory segment ${segment.id} is attached in part, and this user may read no more of it`,
      { remedy: 'Dump it as root (CAP_CHECKPOINT_RESTORE).' },
    );
  return {
    pagemap: sharedMemoryPagemap(segmentPages(segment.id)),
    pages: (check) => sharedPages(maps, size, check),
  };
}

function attached(holders: readonly Holder[]): Attached[] {
  const found = new Map<number, SharedMap[]>();
  for (const { task, maps } of holders) {
    for (const { vma, entry } of maps) {
      if (!(entry.status & vmaStatus.sysvShared)) continue;
      const known = found.get(vma.inode);
      if (known === undefined) found.set(vma.inode, [{ pid: task.pid, vma }]);
      else known.push({ pid: task.pid, vma });
    }
  }
  if (found.size === 0) return [];
  const all = new Map(readSystemV('shm').map((segment) => [segment.id, segment]));
  return [...found].map(([id, maps]) => {
    const segment = all.get(id);
    if (segment === undefined)
      throw new EngineError(
        'UNSUPPORTED',
        `the System V shared memory segment ${id} is attached, and /proc/sysvipc does not list it`,
        {
          remedy: 'Run criujs where all of /proc is mounted (without subset=pid), in the IPC namespace of the program.',
        },
      );
    return { segment, maps };
  });
}

/** Whether maps show all of it. */
function isMapped(maps: readonly SharedMap[], size: number): boolean {
  let covered = 0;
  for (const { vma } of maps.toSorted((a, b) => a.vma.offset - b.vma.offset)) {
    if (vma.offset > covered) return false;
    covered = Math.max(covered, vma.offset + vma.end - vma.start);
  }
  return covered >= size;
}

/** proc_pid_map_files(5) leads to the whole of it. */
function mayOpen([first]: readonly SharedMap[]): boolean {
  if (first === undefined) return false;
  const { pid, vma } = first;
  try {
    closeSync(openPath(`/proc/${pid}/map_files/${vma.start.toString(16)}-${vma.end.toString(16)}`, openFlag.O_CLOEXEC));
    return true;
  } catch (error) {
    if (error instanceof LinuxError) return false;
    throw error;
  }
}
