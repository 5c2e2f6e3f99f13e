import { EngineError } from '@criujs/engine-kit';
import { unsupported } from '../rules.ts';
import { fileTypes } from './file-type.ts';
import type { FileKind } from './kind.ts';

/**
 * Files of memfd_create(2) in images of CRIU, which keeps anonymous shared memory as such, too: what is only mapped belongs to
 * `kinds/objects/shared-memory.ts`. None is dumped by the engine.
 */
export const memfd: FileKind = {
  name: 'memfd',
  describe: [{ subject: 'memory', refused: ['memfd'] }],
  type: fileTypes.MEMFD,
  onlyOfCriu: true,
  recognise: () => null,
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
