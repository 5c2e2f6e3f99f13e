import { EngineError } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import type { EntryOf } from '@criujs/images';
import { arena, closeFd, duplicate, LinuxError, openPath, setFlags, syscall } from '@criujs/linux';
import { allSeals, memfdFlag, noMoreSeals, sealCommand } from '../../facts/memfd.ts';
import { mapFlag, pageSize, protection } from '../../facts/memory.ts';
import { isSet } from '../is-set.ts';
import { between, hold, invalid, type Rule } from '../rules.ts';
import { accessOf, openFlag, reopenFlags } from './flags.ts';
import { memfdImage, sharedMemoryName } from './memfd-inode.ts';
import type { FileEntry, LoadContext, Opener } from './opening.ts';

type Inode = EntryOf<'MEMFD_INODE'>;

/** The longest name that memfd_create(2) takes, in bytes. */
const longestName = 249;
const permissionBits = 0o7777;
const hugeSizes = 0x3f << memfdFlag.hugeShift;

const rules: readonly Rule<Inode>[] = [
  between('the length of the name of a memfd', ({ name }) => Buffer.byteLength(name), 0, longestName),
  between('the size of a memfd', ({ size }) => size, 0, Number.MAX_SAFE_INTEGER),
  between('the seals of a memfd', ({ seals }) => seals, 0, allSeals),
];

/** A memfd while a tree is restored. */
interface Made {
  /** The descriptor that memfd_create(2) gave; open until the tree runs. */
  readonly fd: number;
  /** Whether a process has that open file, and not another one of the same memory. */
  isTaken: boolean;
}

/** Makes memfds, empty; `kinds/objects/memfd.ts` fills them. Their seals come when all is mapped. */
export function loadMemfds({ entries, images, keep, beforeItRuns }: LoadContext): Opener {
  const inodes = new Map<number, Inode>();
  for (const { message: inode } of entries.length === 0 ? [] : images.read('MEMFD_INODE', memfdImage)) {
    hold(inode, memfdImage, rules);
    const id = Number(inode.inodeId);
    if (inodes.has(id)) throw invalid(memfdImage, `the memory ${id} is there twice`);
    inodes.set(id, inode);
  }
  for (const { id, memfd } of entries)
    if (memfd === undefined || !inodes.has(memfd.inodeId)) throw invalid(memfdImage, `no memory of file ${id}`);
  const made = new Map<number, Made>();

  function memoryOf({ id, memfd }: FileEntry): Made {
    const inode = inodes.get(memfd?.inodeId ?? -1);
    if (inode === undefined) throw new EngineError('INTERNAL', `the memfd ${id} was not checked`);
    const there = made.get(Number(inode.inodeId));
    if (there !== undefined) return there;
    const fresh = { fd: create(inode), isTaken: false };
    keep(fresh.fd);
    made.set(Number(inode.inodeId), fresh);
    if (inode.seals !== noMoreSeals && inode.seals !== 0)
      beforeItRuns({
        what: `the seals of the memfd ${inode.name}`,
        undo: () => void syscall('fcntl', fresh.fd, sealCommand.add, inode.seals),
      });
    return fresh;
  }

  return {
    open(entry) {
      const memory = memoryOf(entry);
      const { flags = 0, pos = 0n } = entry.memfd ?? {};
      // A second open file for writing keeps its holder from running it, execve(2): so the first one is the one that was made.
      const isFirst = accessOf(flags) === 'both' && !memory.isTaken;
      memory.isTaken ||= isFirst;
      const fd = isFirst ? duplicate(memory.fd) : openPath(pathOf(memory), reopenFlags(flags));
      try {
        if (isFirst) setFlags(fd, flags & statusFlags);
        syscall('lseek', fd, pos, 0);
        return fd;
      } catch (error) {
        closeFd(fd);
        throw error;
      }
    },
    handle: (entry) => pathOf(memoryOf(entry)),
    writable: (entry) => memoryOf(entry).fd,
  };
}

function pathOf({ fd }: Made): string {
  return `/proc/self/fd/${fd}`;
}

function create(inode: Inode): number {
  const { name, size, uid, gid, mode } = inode;
  const fd = (name === sharedMemoryName ? sharedMemory(Number(size)) : null) ?? memoryFile(inode);
  try {
    if (name !== sharedMemoryName) syscall('ftruncate', fd, size);
    syscall('fchown', fd, uid, gid);
    if (isSet(inode, 'mode')) syscall('fchmod', fd, mode & permissionBits);
    return fd;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function memoryFile({ name, seals, hugetlbFlag }: Inode): number {
  const huge = hugetlbFlag & (memfdFlag.hugePages | hugeSizes);
  const sealing = seals === noMoreSeals ? 0 : memfdFlag.allowSealing;
  return arena.scope(() => syscall('memfd_create', arena.cstring(name).address, closeOnExec | sealing | huge));
}

/** A descriptor of anonymous shared memory, as a program gets it; null: this user may not have one. proc_pid_map_files(5). */
function sharedMemory(size: number): number | null {
  const access = protection.read | protection.write;
  const length = Math.max(size, 1);
  const at = syscall('mmap', 0, length, access, mapFlag.shared | mapFlag.anonymous | mapFlag.noReserve, -1, 0);
  const end = at + Math.ceil(length / pageSize) * pageSize;
  try {
    return openPath(
      `/proc/self/map_files/${at.toString(16)}-${end.toString(16)}`,
      openFlag.O_RDWR | openFlag.O_CLOEXEC,
    );
  } catch (error) {
    if (error instanceof LinuxError) return null;
    throw error;
  } finally {
    syscall('munmap', at, length);
  }
}

/** MFD_CLOEXEC. memfd_create(2). */
const closeOnExec = 1;
