import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { Problem, Recognition, SeenFile } from './held.ts';
import type { FileKind } from './kind.ts';
import { hasPath, unreachable } from './reachable.ts';
import { commonOfReg, inheritablePath, openedType, openRegular, pathEntry, regularEntry } from './reg-entry.ts';

/** Regular files with a name: offset, flags and append are kept, the content stays where it is. Also what O_PATH points at. */
export const regularFile: FileKind = {
  name: 'regular file',
  describe: [
    {
      subject: 'files',
      taken: ['regular files (offset, flags, append)', 'locks and leases (`--file-locks`)'],
    },
  ],
  type: fileTypes.REG,
  recognise: (file) => (isOurs(file) ? recognise(file) : null),
  // Of any type: a device may be mapped, and a plugin vouches for it.
  withoutDescriptor: {
    recognise: ({ link, stat }) => unreachable(link, stat) ?? 'mine',
    dump: (id, file) => ({ reg: pathEntry(id, file) }),
  },
  dump: ({ id, seen, owner }) => ({ reg: regularEntry(id, seen, owner) }),
  matches: (entry) => {
    const type = openedType(entry);
    return type !== null && type !== fileType.directory && type !== fileType.character;
  },
  common: commonOfReg,
  inheritable: inheritablePath,
  load: () => ({ open: openRegular }),
};

/** Directories, with their position. */
export const directory: FileKind = {
  ...regularFile,
  name: 'directory',
  describe: [{ subject: 'files', taken: ['directories'], refused: ['directories that `F_NOTIFY` (dnotify) watches'] }],
  recognise: (file) => (typeOf(file.stat.mode) === fileType.directory && hasPath(file.link) ? recognise(file) : null),
  dump: ({ id, seen, owner }) => (owner.pid === 0 ? { reg: regularEntry(id, seen, owner) } : watched(seen)),
  matches: (entry) => openedType(entry) === fileType.directory,
};

/**
 * The kernel shows what F_NOTIFY watches nowhere, but whoever calls it becomes the owner of the descriptor, and a directory has no other use
 * for one. fcntl(2), "File and directory change notification (dnotify)"
 */
function watched({ link }: SeenFile): Problem {
  return {
    file: link,
    why: 'it has an owner for signals, as after F_NOTIFY (dnotify), and the kernel does not show what it watches',
    remedy:
      'Let the program use inotify, or close the directory before the dump; or, after F_NOTIFY 0, take the owner away: F_SETOWN 0.',
  };
}

function isOurs(file: SeenFile): boolean {
  if (!hasPath(file.link)) return false;
  return typeOf(file.stat.mode) === fileType.regular || (file.flags & openFlag.O_PATH) !== 0;
}

function recognise(file: SeenFile): Recognition {
  const itself = (file.flags & openFlag.O_PATH) !== 0 && typeOf(file.stat.mode) === fileType.link;
  return unreachable(file.link, file.stat, itself ? 'itself' : 'follow') ?? 'mine';
}
