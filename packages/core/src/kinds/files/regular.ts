import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { FileKind, Recognition, SeenFile } from './kind.ts';
import { hasPath, unreachable } from './reachable.ts';
import { commonOfReg, lockProblem, openedType, openRegular, pathEntry, regularEntry } from './reg-entry.ts';

/** Regular files with a name: offset, flags and append are kept, the content stays where it is. Also what O_PATH points at. */
export const regularFile: FileKind = {
  name: 'regular file',
  describe: [
    {
      subject: 'files',
      taken: ['regular files (offset, flags, append)'],
      refused: ['files with locks', 'files of a process in `/proc`'],
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
  load: () => ({ open: openRegular }),
};

/** Directories, with their position. */
export const directory: FileKind = {
  ...regularFile,
  name: 'directory',
  describe: [{ subject: 'files', taken: ['directories'] }],
  recognise: (file) => (typeOf(file.stat.mode) === fileType.directory && hasPath(file.link) ? recognise(file) : null),
  matches: (entry) => openedType(entry) === fileType.directory,
};

function isOurs(file: SeenFile): boolean {
  if (!hasPath(file.link)) return false;
  return typeOf(file.stat.mode) === fileType.regular || (file.flags & openFlag.O_PATH) !== 0;
}

function recognise(file: SeenFile): Recognition {
  const itself = (file.flags & openFlag.O_PATH) !== 0 && typeOf(file.stat.mode) === fileType.link;
  return unreachable(file.link, file.stat, itself ? 'itself' : 'follow') ?? lockProblem(file) ?? 'mine';
}
