import { EngineError } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { unsupported } from '../rules.ts';
import { fileTypes } from './file-type.ts';
import type { FileKind, Problem, SeenFile } from './kind.ts';

/** What the kernel calls the memory of MAP_SHARED with MAP_ANONYMOUS: a descriptor leads there only through /proc/PID/map_files. */
const sharedMemoryLink = '/dev/zero (deleted)';

const heldByDescriptor: Problem = {
  file: 'anonymous shared memory',
  why: 'a process holds it by a descriptor, which is not supported yet',
  remedy: 'Let the program close the descriptor: the memory stays mapped.',
};

function isSharedMemory({ link, stat }: SeenFile): boolean {
  return link === sharedMemoryLink && typeOf(stat.mode) === fileType.regular;
}

/**
 * Files of memfd_create(2) in images of CRIU, which keeps anonymous shared memory as such, too: what is only mapped belongs to
 * `kinds/objects/shared-memory.ts`. None is dumped by the engine.
 */
export const memfd: FileKind = {
  name: 'memfd',
  describe: [{ subject: 'memory', refused: ['memfd'] }],
  type: fileTypes.MEMFD,
  onlyOfCriu: true,
  recognise: (file) => (isSharedMemory(file) ? heldByDescriptor : null),
  dump() {
    throw new EngineError('INTERNAL', 'a memfd is not dumped yet');
  },
  matches: ({ type, memfd: entry }) => type === fileTypes.MEMFD && entry !== undefined,
  isOpenFile: () => false,
  common: ({ memfd: entry }) => entry,
  load: () => ({
    open({ id }) {
      throw unsupported(`file ${id} is a memfd, which a process has open`, 'Restore these images with CRIU.');
    },
  }),
};
