import type { RecordedFile, UnixSocketInfo } from '@criujs/plugin-sdk';

/** What is known of an external file in images that nobody but CRIU wrote. */
export const unrecorded: RecordedFile = {
  path: null,
  kind: 'unknown',
  rdev: null,
  inode: 0,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
  provider: null,
};

/** The same of an external unix socket. */
export const unrecordedSocket: UnixSocketInfo = {
  type: 'stream',
  name: null,
  peerName: null,
  state: 'connected',
  flags: 0,
  holders: [],
};
