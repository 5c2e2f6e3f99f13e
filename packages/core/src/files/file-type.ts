import type { FdTypes } from '@criujs/images';

type Known = 'REG' | 'PIPE' | 'UNIXSK' | 'EVENTFD' | 'EVENTPOLL' | 'EXT';

/** CRIU's numbers of the kinds of files that this engine writes. Plain numbers: a plan reads no schema of images. */
export const fileTypes: { readonly [N in Known]: (typeof FdTypes)[N] } = {
  REG: 1,
  PIPE: 2,
  UNIXSK: 5,
  EVENTFD: 6,
  EVENTPOLL: 7,
  EXT: 16,
};
