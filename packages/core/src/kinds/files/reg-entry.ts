import { type BigIntStats, fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import type { MessageInitShape, RegFileEntrySchema } from '@criujs/images';
import { closeFd, getFlags, setPosition } from '@criujs/linux';
import { fileTypes } from './file-type.ts';
import { accessOf, openFlag, reopenFlags } from './flags.ts';
import type { HeldFile, SeenFile } from './held.ts';
import type { Inheritable } from './kind.ts';
import { openNamed } from './named.ts';
import type { CommonPart, FileEntry } from './opening.ts';
import { nobody } from './owner.ts';

/** A position that CRIU writes where there is none: all bits set. */
export const noPosition: bigint = 2n ** 64n - 1n;

/** A `reg_file_entry` before it is encoded. */
export type RegularInit = MessageInitShape<typeof RegFileEntrySchema>;

/** A `reg_file_entry` as it was read. */
export type RegularFile = NonNullable<FileEntry['reg']>;

/** The entry of a file that a descriptor has open. */
export function regularEntry(id: number, file: SeenFile, owner: FileOwner): RegularInit {
  return {
    id,
    flags: file.flags,
    pos: BigInt.asUintN(64, file.info.position),
    fown: owner,
    name: file.link,
    ...recorded(file.stat, file.flags),
  };
}

/** The entry of a file that a process has without a descriptor. */
export function pathEntry(id: number, { link: name, flags, stat }: HeldFile): RegularInit {
  return { id, flags, pos: 0n, fown: nobody, name, ...recorded(stat, flags) };
}

/**
 * What is compared at restore. A log that is only appended to may grow meanwhile: CRIU, too, leaves its size out.
 */
export function recorded(stat: Pick<BigIntStats, 'mode' | 'size'>, flags: number): { mode: number; size?: bigint } {
  const mode = Number(stat.mode);
  const isLog = accessOf(flags) === 'write' && (flags & openFlag.O_APPEND) !== 0;
  return typeOf(mode) === fileType.regular && !isLog ? { mode, size: stat.size } : { mode };
}

/** The `reg` of an entry. @throws EngineError IMAGE_INVALID */
export function regOf(entry: FileEntry): RegularFile {
  const { reg } = entry;
  if (reg?.name.startsWith('/') && !reg.name.includes('\0')) return reg;
  throw new EngineError('IMAGE_INVALID', `files.img: file ${entry.id} has no path that begins at the root`);
}

/**
 * The type of file that an entry opens by its path, as in its mode; what O_PATH only points at counts as regular. null: the entry is
 * not of that kind. The mode was not always recorded: then it is 0.
 */
export function openedType({ type, reg, remap }: FileEntry): number | null {
  if (type !== fileTypes.REG || remap !== undefined) return null;
  return reg === undefined || reg.flags & openFlag.O_PATH ? fileType.regular : typeOf(reg.mode);
}

/** What an entry with a path has in common with all others. */
export function commonOfReg({ reg }: FileEntry): CommonPart | undefined {
  return reg;
}

/** A descriptor of the user's in the place of a file with a path, whatever it is otherwise. */
export const inheritablePath: Inheritable = {
  name: (entry) => {
    const { name } = regOf(entry.named ?? entry);
    return name === '/' ? '.' : name.slice(1);
  },
  problem(entries, fd) {
    const [given, isDirectory] = [getFlags(fd), typeOf(fstatSync(fd).mode) === fileType.directory];
    for (const entry of entries) {
      const { flags, mode } = regOf(entry.named ?? entry);
      if ((flags & openFlag.O_PATH) !== 0) continue;
      if (given & openFlag.O_PATH) return 'it is open for nothing but its path (O_PATH)';
      if (typeOf(mode) === fileType.directory && !isDirectory) return 'it is not a directory';
      if (isDirectory && typeOf(mode) !== fileType.directory) return 'it is a directory';
      const wanted = accessOf(flags);
      if (accessOf(given) !== 'both' && accessOf(given) !== wanted)
        return `it is open to ${accessOf(given)} only, and the program had it to ${wanted === 'both' ? 'read and write' : wanted}`;
    }
    return null;
  },
};

/** Opens a file again with the flags and at the position that it had. */
export function openRegular(entry: FileEntry): number {
  const reg = regOf(entry);
  return atPosition(openNamed(reg.name, reopenFlags(reg.flags)), reg);
}

/** Moves an open file to the position that it had; a failure closes it. */
export function atPosition(fd: number, reg: RegularFile): number {
  if (reg.pos === 0n || reg.pos === noPosition || (reg.flags & openFlag.O_PATH) !== 0) return fd;
  try {
    setPosition(fd, reg.pos);
    return fd;
  } catch (error) {
    if (!isSeekable(reg.mode)) return fd;
    closeFd(fd);
    throw seekFailure(reg, error);
  }
}

function seekFailure({ name, pos }: RegularFile, cause: unknown): EngineError {
  const remedy = 'Put the file back as it was at the dump.';
  return new EngineError('FILE_CHANGED', `${name}: cannot go back to position ${pos}`, {
    resource: name,
    remedy,
    cause,
  });
}

function isSeekable(mode: number): boolean {
  return typeOf(mode) === fileType.regular || typeOf(mode) === fileType.directory;
}
