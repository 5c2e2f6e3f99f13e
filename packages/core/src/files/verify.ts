import { accessSync, constants } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import { isFieldSet, RegFileEntrySchema } from '@criujs/images';
import type { FileStat } from '@criujs/linux';
import { accessOf, openFlag } from '../kinds/files/flags.ts';
import { isGivenName } from '../kinds/files/link-remap.ts';
import type { FileEntry } from '../kinds/files/opening.ts';
import { lookAt } from '../kinds/files/reachable.ts';
import { type RegularFile, regOf } from '../kinds/files/reg-entry.ts';
import { errorCode } from '../kinds/files/seen.ts';
import { permissionBits, typeWord } from '../kinds/files/stat.ts';
import { isStateless } from '../kinds/files/stateless.ts';
import type { EngineRestoreOptions } from '../options.ts';

/** One path that is not as the images say. */
interface Fault {
  readonly code: 'FILE_MISSING' | 'FILE_CHANGED' | 'NOT_PERMITTED';
  readonly path: string;
  readonly what: string;
  readonly remedy: string;
}

/**
 * Compares every file that is found under its name with what is there now, before anything is opened or asked: type, size and permissions, as
 * CRIU does.
 * @throws EngineError FILE_MISSING, FILE_CHANGED or NOT_PERMITTED, listing every fault
 */
export function verifyFiles(
  files: Iterable<FileEntry>,
  { opened, names, devices }: UsedFiles,
  { allowGrownFiles }: Pick<EngineRestoreOptions, 'allowGrownFiles'>,
): void {
  const faults: Fault[] = [];
  for (const file of files) {
    if (file.reg === undefined || file.remap !== undefined) continue;
    const isNamedPipe = names.has(file.id);
    const isOpened = isNamedPipe || opened.has(file.id);
    const use = { isOpened, isNamedPipe, isDevice: devices.has(file.id), mayGrow: isOpened && allowGrownFiles };
    const fault = faultOf(regOf(file), use);
    if (fault !== null && !faults.some(({ path, what }) => path === fault.path && what === fault.what))
      faults.push(fault);
  }
  const [first, ...others] = faults;
  if (first === undefined) return;
  const lines = others.length === 0 ? [] : faults.map(({ path, what }) => `  ${path}: ${what}`);
  const title =
    others.length === 0 ? `${first.path}: ${first.what}` : `${faults.length} files are not as they were at the dump`;
  throw new EngineError(first.code, [title, ...lines].join('\n'), { resource: first.path, remedy: first.remedy });
}

/** Ids of files. */
interface IdSet {
  has(id: number): boolean;
}

/** How files are used, by their ids. */
export interface UsedFiles {
  /** Those that a process had a descriptor of. */
  readonly opened: IdSet;
  /** Names of named pipes that a process had a descriptor of. */
  readonly names: IdSet;
  /** Those that a plugin vouches for. */
  readonly devices: IdSet;
}

interface Use {
  /** A process had a descriptor of it. */
  readonly isOpened: boolean;
  readonly isNamedPipe: boolean;
  /** A plugin vouches for a device. */
  readonly isDevice: boolean;
  /** The user takes it if it has grown. */
  readonly mayGrow: boolean;
}

/** What is wrong with a file. */
function faultOf(reg: RegularFile, { isOpened, isNamedPipe, isDevice, mayGrow }: Use): Fault | null {
  const path = reg.name;
  const isLink = typeOf(reg.mode) === fileType.link;
  const now = lookAt(path, isLink ? 'itself' : 'follow');
  if (now === null && isGivenName(path)) return used(path);
  if (now === null) {
    const what = 'the process had it open or mapped, and it is gone';
    return { code: 'FILE_MISSING', path, what, remedy: `Put ${path} back as it was.` };
  }
  const isReference = (reg.flags & openFlag.O_PATH) !== 0;
  return (
    changeOf(reg, now, mayGrow) ??
    (isDevice || (isNamedPipe && typeOf(now.mode) === fileType.fifo) ? null : danger(path, now, isReference)) ??
    (isOpened && !isReference ? refusal(reg) : null)
  );
}

/** Such a name goes with the first restore, and so the file can be found no more. */
function used(path: string): Fault {
  const what = 'the dump gave this name to a file that had lost its own, and it is gone';
  return { code: 'FILE_MISSING', path, what, remedy: 'Dump again: images with --link-remap can be restored once.' };
}

function changeOf(reg: RegularFile, now: FileStat, mayGrow: boolean): Fault | null {
  const path = reg.name;
  const changed = (what: string, remedy: string): Fault => ({ code: 'FILE_CHANGED', path, what, remedy });
  if (isFieldSet(reg, RegFileEntrySchema.field.mode)) {
    if (typeOf(reg.mode) !== typeOf(now.mode)) {
      return changed(`it was a ${typeWord(reg.mode)} and is a ${typeWord(now.mode)}`, `Put ${path} back as it was.`);
    }
    const [was, is] = [permissions(reg.mode), permissions(Number(now.mode))];
    if (typeOf(reg.mode) === fileType.regular && was !== is) {
      return changed(
        `its permissions were ${was} and are ${is}`,
        `Give it back its permissions: chmod ${was} ${path}.`,
      );
    }
  }
  if (isFieldSet(reg, RegFileEntrySchema.field.size) && reg.size !== now.size) {
    const hasGrown = now.size > reg.size;
    if (hasGrown && mayGrow) return null;
    const remedy = `Put ${path} back as it was${hasGrown ? ', or take what others have added: --allow-grown-files (option `allowGrownFiles`)' : ''}.`;
    return changed(`it had ${reg.size} bytes and has ${now.size}`, remedy);
  }
  return null;
}

function permissions(mode: number): string {
  return (mode & permissionBits).toString(8).padStart(4, '0');
}

/** Opening some files does something: images must not make us do it. */
function danger(path: string, now: FileStat, isReference: boolean): Fault | null {
  const type = typeOf(now.mode);
  if (isReference || type === fileType.regular || type === fileType.directory) return null;
  if (type === fileType.character && isStateless(deviceOf(now))) return null;
  const what = `it is a ${typeWord(now.mode)}, which is no regular file`;
  return { code: 'FILE_CHANGED', path, what, remedy: `Put ${path} back as it was.` };
}

const needed = {
  read: constants.R_OK,
  write: constants.W_OK,
  both: constants.R_OK | constants.W_OK,
} as const;

function refusal({ name: path, flags }: RegularFile): Fault | null {
  try {
    accessSync(path, needed[accessOf(flags)]);
    return null;
  } catch (error) {
    const what = `this user may not open it as the process had (${errorCode(error)})`;
    return { code: 'NOT_PERMITTED', path, what, remedy: 'Restore as the user of the process or as root.' };
  }
}
