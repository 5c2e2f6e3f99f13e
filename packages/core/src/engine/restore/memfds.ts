import type { EntryOf, FdinfoEntry } from '@criujs/images';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { memfdImage, sharedMemoryName } from '../../kinds/files/memfd-inode.ts';
import { invalid } from '../../kinds/rules.ts';
import type { Session } from '../../run/session.ts';
import { readMany } from './entries.ts';
import type { TaskImage } from './read.ts';

/** MAP_HUGE_MASK, in its place. mmap(2). */
const sizeOfHugePages = 0x3f << 26;

/**
 * Says of each map that CRIU marks as memory of a memfd what it is: a map of that file; or one of anonymous shared memory, which CRIU
 * takes for that of a memfd by the name that the kernel shows, as long as nobody has it as a file. criu/memfd.c
 * @throws EngineError IMAGE_INVALID
 */
export function nameMemfds(
  tasks: readonly TaskImage[],
  files: readonly EntryOf<'FILES'>[],
  fdinfo: ReadonlyMap<number, readonly FdinfoEntry[]>,
  session: Session,
): void {
  const marked = tasks.flatMap(({ mm }) => mm.vmas.filter(({ status }) => status & vmaStatus.memfd));
  if (marked.length === 0) return;
  const inodeIds = new Map(files.map((file) => [file.id, file.memfd?.inodeId]));
  const inodes = new Map(readMany(session, 'MEMFD_INODE', memfdImage).map((inode) => [Number(inode.inodeId), inode]));
  const inodeOf = (file: number): EntryOf<'MEMFD_INODE'> | undefined => inodes.get(inodeIds.get(file) ?? -1);
  const asFiles = new Set([
    ...[...fdinfo.values()].flat().map(({ id }) => inodeOf(id)),
    ...marked.filter(({ status }) => status & vmaStatus.filePrivate).map(({ shmid }) => inodeOf(Number(shmid))),
  ]);
  for (const vma of marked) {
    const inode = inodeOf(Number(vma.shmid));
    if (inode === undefined) throw invalid(memfdImage, `no memory of file ${vma.shmid}, which is mapped`);
    vma.status &= ~vmaStatus.memfd;
    // The file says of itself that it has huge pages.
    vma.flags &= ~(mapFlag.hugePages | sizeOfHugePages);
    if (inode.name !== sharedMemoryName || asFiles.has(inode)) continue;
    vma.status = (vma.status & ~vmaStatus.fileShared) | vmaStatus.anonymousShared;
    vma.shmid = BigInt(inode.shmid);
  }
}
