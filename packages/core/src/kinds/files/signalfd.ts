import { statusFlags } from '@criujs/engine-kit/externals';
import { arena, setFlags, syscall } from '@criujs/linux';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { FileKind } from './kind.ts';
import type { FileEntry } from './opening.ts';
import { ownPart } from './own-part.ts';

/** Bytes of the kernel's set of signals. signalfd(2) */
const setSize = 8;

/** Signals that are read. Those that wait belong to the process or thread, and come back with it. */
export const signalfd: FileKind = {
  name: 'signal descriptor (signalfd)',
  describe: [{ subject: 'pipes and events', taken: ['signalfd'] }],
  type: fileTypes.SIGNALFD,
  recognise: (file) => (file.link === 'anon_inode:[signalfd]' ? 'mine' : null),
  dump: ({ id, seen, owner }) => ({
    sgfd: { id, flags: seen.flags, fown: owner, sigmask: BigInt(`0x${seen.info.fields.get('sigmask') ?? '0'}`) },
  }),
  matches: ({ type }) => type === fileTypes.SIGNALFD,
  common: ({ sgfd }) => sgfd,
  load: () => ({ open: openSignalfd }),
};

function openSignalfd(entry: FileEntry): number {
  const sgfd = ownPart(entry, 'sgfd', 'signalfd');
  const fd = arena.scope(() => {
    const mask = arena.alloc(setSize);
    mask.view.setBigUint64(0, sgfd.sigmask, true);
    return syscall('signalfd4', -1, mask.address, setSize, openFlag.O_CLOEXEC);
  });
  setFlags(fd, sgfd.flags & statusFlags);
  return fd;
}
