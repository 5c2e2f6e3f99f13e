import { vmaStatus } from '../../facts/memory.ts';
import { unsupported as unsupportedImage } from '../rules.ts';
import type { MapKind } from './kind.ts';
import { unsaved } from './unsaved.ts';

/** @param status bits of its entries in images of CRIU's; 0: they look like others */
function unsupported(name: string, prefix: string, status: number, why: string, remedy: string): MapKind {
  return {
    name,
    recognise: (vma) => (vma.name.startsWith(prefix) ? { why, remedy } : null),
    save: unsaved,
    matches: (entry) => (entry.status & status) !== 0,
    check(_, file) {
      throw unsupportedImage(`${file}: ${name} is not supported yet`, 'Restore it with CRIU.');
    },
    make: unsaved,
  };
}

/** Maps that need more than the engine has, by how their name begins. proc_pid_maps(5). */
export const unsupportedMaps: readonly MapKind[] = [
  unsupported(
    'System V shared memory',
    '/SYSV',
    vmaStatus.sysvShared,
    'System V shared memory is not supported yet',
    'Dump it with CRIU, or detach the segment.',
  ),
  unsupported(
    'memory of a memfd',
    '/memfd:',
    0,
    'memory of a memfd is not supported yet',
    'Use a file on disk instead.',
  ),
  unsupported('huge pages', '/anon_hugepage', 0, 'huge pages are not supported yet', 'Run it without MAP_HUGETLB.'),
  unsupported(
    'an asynchronous I/O ring',
    '/[aio]',
    vmaStatus.aioRing,
    'asynchronous I/O rings are not supported yet',
    'Dump it while no AIO context is open.',
  ),
  unsupported(
    'the ring of a packet socket',
    'socket:',
    vmaStatus.socket,
    'rings of packet sockets are not supported yet',
    'Dump it with CRIU.',
  ),
  unsupported('probes', '[uprobes]', 0, 'the program is being probed', 'Stop the tracer that uses uprobes.'),
];
