import type { TreeKind } from './kind.ts';

/** The filters that processes of the tree share: none yet, and CRIU misses an image without them. seccomp(2). */
export const seccomp: TreeKind = {
  name: 'seccomp filters',
  describe: [],
  save: (_tree, { images }) => images.write('SECCOMP', 'seccomp.img', [{ message: {} }]),
};
