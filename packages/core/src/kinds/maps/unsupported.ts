import { EngineError } from '../../errors.ts';
import type { MapKind } from './kind.ts';

/** Of what is never taken. @throws EngineError INTERNAL */
export function unsaved(): never {
  throw new EngineError('INTERNAL', 'a map that is refused is to be saved');
}

function unsupported(name: string, prefix: string, why: string, remedy: string): MapKind {
  return { name, recognise: (vma) => (vma.name.startsWith(prefix) ? { why, remedy } : null), save: unsaved };
}

/** Maps that need more than the engine has, by how their name begins. proc_pid_maps(5). */
export const unsupportedMaps: readonly MapKind[] = [
  unsupported(
    'System V shared memory',
    '/SYSV',
    'System V shared memory is not supported yet',
    'Dump it with CRIU, or detach the segment.',
  ),
  unsupported('memory of a memfd', '/memfd:', 'memory of a memfd is not supported yet', 'Use a file on disk instead.'),
  unsupported('huge pages', '/anon_hugepage', 'huge pages are not supported yet', 'Run it without MAP_HUGETLB.'),
  unsupported(
    'asynchronous I/O rings',
    '/[aio]',
    'asynchronous I/O rings are not supported yet',
    'Dump it while no AIO context is open.',
  ),
  unsupported('probes', '[uprobes]', 'the program is being probed', 'Stop the tracer that uses uprobes.'),
];
