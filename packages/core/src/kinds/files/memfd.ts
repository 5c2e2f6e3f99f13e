import { statfsSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { memoryFileSystem } from '../../facts/memfd.ts';
import type { FilePayload } from './dumping.ts';
import { fileTypes } from './file-type.ts';
import { descriptionFlags } from './flags.ts';
import type { HeldFile, Problem, Recognition } from './held.ts';
import type { FileKind } from './kind.ts';
import { inodeIdOf, memfdPrefix, sharedMemoryLink } from './memfd-inode.ts';
import { loadMemfds } from './memfd-load.ts';
import { memfdContents, saveInodes } from './memfd-save.ts';
import { nobody } from './owner.ts';
import { deletedMark } from './reachable.ts';

/** What memfd_secret(2) makes. */
const secretLink = '/secretmem (deleted)';

const secret: Problem = {
  file: 'secret memory (memfd_secret)',
  why: 'the kernel hides it from everybody but the process, and from us',
  remedy: 'Let the program close it before the dump.',
};

/**
 * Files of memfd_create(2), open or only mapped; and anonymous shared memory that somebody has a descriptor of, from
 * /proc/PID/map_files. CRIU keeps all of that memory as a memfd: `engine/restore/memfds.ts`.
 */
export const memfd: FileKind = {
  name: 'memfd',
  describe: [{ subject: 'memory', taken: ['memfd (with its seals)'], refused: ['secret memory (`memfd_secret`)'] }],
  type: fileTypes.MEMFD,
  recognise,
  withoutDescriptor: {
    recognise,
    dump: (id, file) => payload(id, file, 0n, nobody),
  },
  dump: ({ id, seen, owner }) => payload(id, seen, seen.info.position, owner),
  save: saveInodes,
  contents: memfdContents,
  matches: ({ type, memfd: entry }) => type === fileTypes.MEMFD && entry !== undefined,
  isOpenFile: () => false,
  common: ({ memfd: entry }) => entry,
  load: loadMemfds,
};

function recognise(file: HeldFile): Recognition {
  const { link, stat, handle } = file;
  if (typeOf(stat.mode) !== fileType.regular) return null;
  if (link === secretLink) return secret;
  if (link === sharedMemoryLink) return 'mine';
  if (!link.startsWith(memfdPrefix) || !link.endsWith(deletedMark) || stat.nlink !== 0n) return null;
  const { type } = statfsSync(handle);
  if (type !== memoryFileSystem.shared && type !== memoryFileSystem.huge) return null;
  return 'mine';
}

function payload(id: number, file: HeldFile, pos: bigint, fown: FileOwner): FilePayload {
  const inodeId = Number(inodeIdOf(file));
  if (!Number.isSafeInteger(inodeId)) throw new EngineError('INTERNAL', `a memfd has the inode ${inodeId}`);
  return { memfd: { id, flags: descriptionFlags(file.flags), pos, fown, inodeId } };
}
