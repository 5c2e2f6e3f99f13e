import { EngineError } from '@criujs/engine-kit';
import { mapFlag, vmaStatus } from '../../facts/memory.ts';
import { ringLink } from '../files/rings/setup.ts';
import { invalid } from '../rules.ts';
import type { MapKind } from './kind.ts';
import { mapCall } from './map-call.ts';
import { saveOfFile } from './of-file.ts';

/** O_RDWR. open(2) */
const readAndWrite = 2;

/** Memory that a program shares with the kernel: what is in it comes back with its ring. */
export const ringMap: MapKind = {
  name: 'memory of an asynchronous I/O ring',
  describe: [],
  recognise({ name }, file) {
    if (name !== ringLink) return null;
    const found = file();
    return 'why' in found ? found : 'mine';
  },
  save(vma, { files, process: { pid } }) {
    const id = files.mappedDescriptor(pid, vma);
    if (id === undefined) throw new EngineError('INTERNAL', `${pid} has no descriptor of its ring ${vma.inode}`);
    return saveOfFile(vma, id, readAndWrite, vmaStatus.ring);
  },
  matches: ({ status }) => (status & vmaStatus.ring) !== 0,
  check({ status, flags }, file) {
    if ((status & vmaStatus.fileShared) === 0 || (flags & mapFlag.shared) === 0)
      throw invalid(file, 'a map of a ring of io_uring that is not shared');
  },
  make(map, { source }) {
    const { name, args, what } = mapCall(map, 0, source(map), map.entry.pgoff);
    const [, length, prot, flags, ...file] = args;
    // Since Linux 6.5 an address is answered with EINVAL. io_uring_get_unmapped_area of the kernel
    return {
      name,
      args: [0, length ?? 0, prot ?? 0, Number(flags) & ~mapFlag.fixed, ...file],
      expect: map.start,
      what,
    };
  },
  steered: true,
};
