import { statSync } from 'node:fs';
import type { Vma } from '@criujs/linux';

/** What the engine makes of a memory map. */
export type MapKind =
  | { readonly kind: 'anonymous' | 'heap' | 'vdso' | 'vvar' | 'vsyscall' }
  | { readonly kind: 'file' | 'device'; readonly path: string }
  /** A map of something without a path: only from a plugin's descriptor can it be made again, and so with most devices. */
  | { readonly kind: 'external' }
  | { readonly kind: 'refused'; readonly why: string; readonly remedy: string };

/** Maps with a name of the kernel's own. proc_pid_maps(5). */
const named: Readonly<Record<string, MapKind>> = {
  '[heap]': { kind: 'heap' },
  '[stack]': { kind: 'anonymous' },
  '[vdso]': { kind: 'vdso' },
  '[vvar]': { kind: 'vvar' },
  '[vvar_vclock]': { kind: 'vvar' },
  '[vsyscall]': { kind: 'vsyscall' },
};

/** Maps that need more than the engine has, by how their name begins. */
const refused: readonly { readonly prefix: string; readonly why: string; readonly remedy: string }[] = [
  {
    prefix: '/SYSV',
    why: 'System V shared memory is not supported yet',
    remedy: 'Dump it with CRIU, or detach the segment.',
  },
  { prefix: '/memfd:', why: 'memory of a memfd is not supported yet', remedy: 'Use a file on disk instead.' },
  { prefix: '/anon_hugepage', why: 'huge pages are not supported yet', remedy: 'Run it without MAP_HUGETLB.' },
  {
    prefix: '/[aio]',
    why: 'asynchronous I/O rings are not supported yet',
    remedy: 'Dump it while no AIO context is open.',
  },
  { prefix: '[uprobes]', why: 'the program is being probed', remedy: 'Stop the tracer that uses uprobes.' },
];

/** Tells what a map is and who can bring it back. Looks at nothing but the map and the file it names. */
export function recogniseMap(vma: Vma): MapKind {
  const known = named[vma.name];
  if (known !== undefined) return known;
  const no = refused.find(({ prefix }) => vma.name.startsWith(prefix));
  if (no !== undefined) return { kind: 'refused', why: no.why, remedy: no.remedy };
  if (vma.name.startsWith('anon_inode:')) return { kind: 'external' };
  if (vma.inode === 0 && !vma.name.startsWith('/')) return vma.shared ? sharedMemory : { kind: 'anonymous' };
  if (vma.deleted) return vma.shared && vma.name.startsWith('/dev/zero') ? sharedMemory : deletedFile;
  return recogniseFile(vma);
}

const sharedMemory: MapKind = {
  kind: 'refused',
  why: 'anonymous memory shared between processes is not supported yet',
  remedy: 'Share a file on disk instead, or dump it with CRIU.',
};

const deletedFile: MapKind = {
  kind: 'refused',
  why: 'the mapped file has been deleted',
  remedy: 'Keep the file while the program runs: restart the program after an upgrade of its files.',
};

function recogniseFile(vma: Vma): MapKind {
  try {
    const stat = statSync(vma.name, { bigint: true });
    const isDevice = stat.isCharacterDevice() || stat.isBlockDevice();
    if (isDevice && !(isZero(stat.rdev) && !vma.shared)) return { kind: 'device', path: vma.name };
    if (!isDevice && Number(stat.ino) !== vma.inode)
      return {
        kind: 'refused',
        why: 'another file has taken the place of the mapped one',
        remedy: 'Restart the program after an upgrade of its files.',
      };
    return { kind: 'file', path: vma.name };
  } catch (error) {
    return {
      kind: 'refused',
      why: `the mapped file cannot be looked at (${(error as NodeJS.ErrnoException).code})`,
      remedy: 'Run the dump where the same files are visible as for the program.',
    };
  }
}

/** /dev/zero: a private map of it is plain memory. Documentation/admin-guide/devices.txt: 1, 5. */
function isZero(rdev: bigint): boolean {
  return rdev === 0x105n;
}
