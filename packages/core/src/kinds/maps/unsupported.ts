import { unsupported as unsupportedImage } from '../rules.ts';
import type { MapKind } from './kind.ts';
import { unsaved } from './unsaved.ts';

interface Unsupported {
  readonly name: string;
  /** What the README's table calls it. */
  readonly refused: readonly string[];
  /** How the names of its maps begin. proc_pid_maps(5). */
  readonly prefix: string;
  /** Bits of its entries in images of CRIU's; 0: they look like others. */
  readonly status: number;
  readonly why: string;
  readonly remedy: string;
}

function unsupported({ name, refused, prefix, status, why, remedy }: Unsupported): MapKind {
  return {
    name,
    describe: [{ subject: 'memory', refused }],
    recognise: (vma) => (vma.name.startsWith(prefix) ? { why, remedy } : null),
    save: unsaved,
    matches: (entry) => (entry.status & status) !== 0,
    check(_, file) {
      throw unsupportedImage(`${file}: ${name} is not supported yet`, 'Restore it with CRIU.');
    },
    make: unsaved,
  };
}

const rows: readonly Unsupported[] = [
  {
    name: 'secret memory',
    // The kind of file has the word.
    refused: [],
    prefix: '/secretmem',
    status: 0,
    why: 'the kernel hides it from everybody but the process (memfd_secret)',
    remedy: 'Let the program unmap it before the dump.',
  },
  {
    name: 'probes',
    refused: ['programs probed with uprobes'],
    prefix: '[uprobes]',
    status: 0,
    why: 'the program is being probed',
    remedy: 'Stop the tracer that uses uprobes.',
  },
];

/** Maps that need more than the engine has, by how their name begins. */
export const unsupportedMaps: readonly MapKind[] = rows.map(unsupported);
