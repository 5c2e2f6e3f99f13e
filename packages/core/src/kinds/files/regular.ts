import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { fileTypes } from './file-type.ts';
import { openFlag } from './flags.ts';
import type { FileKind, Recognition, SeenFile } from './kind.ts';
import { unreachable } from './reachable.ts';
import { commonOfReg, openedType, openRegular, pathEntry, regularEntry } from './reg-entry.ts';

/** Names of files that look regular and live in no directory: their content has no other home than memory. */
const homeless = /^\/(memfd:|dmabuf:|SYSV|\[)/;

/** Regular files with a name: offset, flags and append are kept, the content stays where it is. Also what O_PATH points at. */
export const regularFile: FileKind = {
  name: 'regular file',
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
  recognise: (file) => (typeOf(file.stat.mode) === fileType.directory && hasPath(file) ? recognise(file) : null),
  matches: (entry) => openedType(entry) === fileType.directory,
};

function isOurs(file: SeenFile): boolean {
  if (!hasPath(file)) return false;
  return typeOf(file.stat.mode) === fileType.regular || (file.flags & openFlag.O_PATH) !== 0;
}

function hasPath(file: SeenFile): boolean {
  return file.link.startsWith('/') && !homeless.test(file.link);
}

function recognise(file: SeenFile): Recognition {
  const itself = (file.flags & openFlag.O_PATH) !== 0 && typeOf(file.stat.mode) === fileType.link;
  const problem = unreachable(file.link, file.stat, itself ? 'itself' : 'follow');
  if (problem !== null) return problem;
  if (file.info.locks.length === 0) return 'mine';
  return {
    file: file.link,
    why: 'the program holds a lock on it, and locks are not kept yet',
    remedy: 'Let the program release its file locks before the dump.',
  };
}
