import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { deviceNumber, type FileStat, readFileStat, type Vma } from '@criujs/linux';
import { accessOf, openFlag } from '../kinds/files/flags.ts';
import type { HeldFile, Problem, SeenFile } from '../kinds/files/held.ts';
import { sharedMemoryLink } from '../kinds/files/memfd-inode.ts';
import { deletedMark, lookAt } from '../kinds/files/reachable.ts';
import { errorCode } from '../kinds/files/seen.ts';
import type { MapProblem } from '../kinds/maps/kind.ts';
import type { Description } from './same.ts';

/** Why a map of a device cannot be dumped when {@link mappedFrom} finds nothing. */
export const nothingBehind = {
  why: 'no plugin takes it, and no external file that a plugin took is behind it',
  remedy:
    'Load a plugin with the hooks HANDLE_DEVICE_VMA and UPDATE_VMA_MAP for this device; or one that dumps its open files, and keep one descriptor of it open while it is mapped.',
} as const;

/** Looks at the file of a memory map when it is first asked for. */
export function lookOnce(look: () => HeldFile | MapProblem): () => HeldFile | MapProblem {
  let looked: HeldFile | MapProblem | undefined;
  return () => {
    looked ??= look();
    return looked;
  };
}

/**
 * Finds the file that a memory map was made from, while its name leads there or something else does; or why it cannot be told. A program
 * maps a file in several pieces: each name is looked at once.
 */
export function createFilesOfMaps(files: readonly SeenFile[]): (pid: number, vma: Vma) => HeldFile | MapProblem {
  const looked = new Map<string, FileStat>();
  const lookOnceAt = (path: string): FileStat => {
    const stat = looked.get(path) ?? readFileStat(path);
    looked.set(path, stat);
    return stat;
  };
  return (pid, vma) => {
    if (vma.name.startsWith('anon_inode:') || vma.name.startsWith('socket:'))
      return descriptorOf(pid, vma, files) ?? nobodyHasOpen;
    const flags = vma.shared && mayBeWritten(vma) ? openFlag.O_RDWR : 0;
    const found = (handle: string, look = readFileStat): HeldFile | MapProblem =>
      attempt(() => ({ pid, link, flags, handle, stat: look(handle) }));
    const withMark = `${vma.name}${deletedMark}`;
    // A file may bear the kernel's mark in its own name.
    const isNamed = !vma.deleted || Number(lookAt(withMark)?.ino) === vma.inode;
    const link = vma.deleted ? withMark : vma.name;
    if (isNamed) return found(link, lookOnceAt);
    const descriptor = files.find((file) => file.link === link && Number(file.stat.ino) === vma.inode);
    if (link === sharedMemoryLink && descriptor === undefined) return nobodyHolds;
    const ways = [mapHandle(pid, vma), ...(descriptor === undefined ? [] : [descriptor.handle]), `/proc/${pid}/exe`];
    for (const handle of ways) {
      const file = found(handle);
      if (!('why' in file) && Number(file.stat.ino) === vma.inode) return file;
    }
    return {
      why: 'the mapped file has been deleted, and this user may not look at what is only mapped',
      remedy: 'Dump it as root, or let the program keep a descriptor of the file.',
    };
  };
}

/** What has no path only a descriptor tells. */
const nobodyHasOpen: MapProblem = {
  why: 'the process has closed what it has mapped',
  remedy: 'Let the program keep the descriptor that it has mapped.',
};

/** What memory without a file is mapped privately from only a descriptor tells. */
const nobodyHolds: MapProblem = {
  why: 'it is a private copy of anonymous shared memory, and nothing that this process can reach leads there',
  remedy: 'Let the program keep the descriptor that it has mapped.',
};

/** A descriptor that a process has of what it has mapped, where that has no path. */
export function descriptorOf(pid: number, vma: Vma, files: readonly SeenFile[]): SeenFile | undefined {
  return files.find((file) => file.pid === pid && file.link === vma.name && Number(file.stat.ino) === vma.inode);
}

/** Anonymous shared memory, through a descriptor that somebody has of it; null: nobody has. */
export function sharedMemoryOf(vma: Vma, files: readonly SeenFile[]): HeldFile | null {
  const held = files.find((file) => file.link === sharedMemoryLink && Number(file.stat.ino) === vma.inode);
  return held === undefined ? null : { ...held, flags: mayBeWritten(vma) ? openFlag.O_RDWR : 0 };
}

function attempt(look: () => HeldFile): HeldFile | MapProblem {
  try {
    return look();
  } catch (error) {
    return {
      why: `the mapped file cannot be looked at (${errorCode(error)})`,
      remedy: 'Run the dump where the same files are visible as for the program.',
    };
  }
}

/** The kernel's own way to the file of a map. It takes CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. proc_pid_map_files(5). */
function mapHandle(pid: number, { start, end }: Vma): string {
  return `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
}

/** Finds the file of a plugin's behind a memory map of a process. null: none is. */
export type FindMapped<D extends Description> = (pid: number, vma: Vma) => D | Problem | null;

/**
 * Finds which of the open files that plugins take a memory map was made from: the process's own if it still has a descriptor,
 * else one of the tree's. The kernel does not say which open file a map holds, only its inode. For a regular file any does, as
 * the memory is the inode's; of a device each open file is something else, and where several are open it cannot be known which.
 */
export function mappedFrom<D extends Description>(externals: readonly D[]): FindMapped<D> {
  const byInode = new Map<bigint, D[]>();
  for (const external of externals) {
    const { ino } = external.seen.stat;
    byInode.set(ino, [...(byInode.get(ino) ?? []), external]);
  }
  return (pid, vma) => {
    if (byInode.size === 0 || vma.inode === 0) return null;
    const candidates = (byInode.get(BigInt(vma.inode)) ?? []).filter((external) => isMappedFrom(vma, external));
    const own = candidates.filter((external) => external.holders.some((holder) => holder.pid === pid));
    const [first, second] = own.length > 0 ? own : candidates;
    if (first === undefined) return null;
    if (second === undefined || typeOf(first.seen.stat.mode) === fileType.regular) return first;
    return {
      file: `memory at 0x${vma.start.toString(16)} of ${vma.name}`,
      why: 'the process has that file open several times, and the kernel does not say which one is mapped',
      remedy: 'Let the program close what it does not need, or unmap that memory before the dump.',
    };
  };
}

function isMappedFrom(vma: Vma, { seen }: Description): boolean {
  const { major, minor } = deviceNumber(seen.stat.dev);
  const link = vma.deleted ? `${vma.name} (deleted)` : vma.name;
  const isSame =
    link === seen.link && BigInt(vma.inode) === seen.stat.ino && vma.major === major && vma.minor === minor;
  return isSame && isMappable(vma, seen.flags);
}

/** mmap(2) wants a file that may be read; shared memory that may be written, one that may be written as well. */
function isMappable(vma: Vma, flags: number): boolean {
  if (flags & openFlag.O_PATH) return false;
  const access = accessOf(flags);
  const isWritten = vma.shared && mayBeWritten(vma);
  return access === 'both' || (access === 'read' && !isWritten);
}

/** Whether mprotect(2) may let it be written, if it is not written now. */
function mayBeWritten({ write, vmFlags }: Vma): boolean {
  return write || (vmFlags?.has('mw') ?? false);
}
