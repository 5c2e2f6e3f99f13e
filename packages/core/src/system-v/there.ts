import { EngineError } from '@criujs/engine-kit';
import { readSystemV, type SystemVObject, type SystemVSort } from '@criujs/linux';
import { noKey } from '../facts/system-v.ts';
import { systemVName, systemVSorts } from './sorts.ts';

/** What all sorts of objects have in the kernel's list. */
type Listed = SystemVObject<SystemVSort>;
type Named = Pick<Listed, 'id' | 'key'>;

/** An object of the images, as the kernel listed it. */
export type SavedObject<S extends SystemVSort> = Pick<Listed, keyof Listed> & Partial<SystemVObject<S>>;

/** By these an object is another one, and not the same that was changed. */
const identity: ReadonlySet<string> = new Set(['key', 'cuid', 'cgid', 'creator']);

/** Values in words. */
const words: Readonly<Record<string, (value: number) => string>> = {
  key: (value) => `0x${(value >>> 0).toString(16)}`,
  mode: (value) => value.toString(8),
};

/**
 * Looks for an object of the images on this machine.
 * @returns whether it is there as it was; false: it is gone, and neither its id nor its key is used
 * @throws EngineError IPC_TAKEN where another object has its id or its key, IPC_CHANGED where it is not as it was
 */
export function isThere<S extends SystemVSort>(sort: S, saved: SavedObject<S>): boolean {
  const all: readonly Listed[] = readSystemV(sort);
  const found = all.find(({ id }) => id === saved.id);
  if (found === undefined) {
    const rival = saved.key === noKey ? undefined : all.find(({ key }) => key === saved.key);
    if (rival !== undefined) throw taken(sort, saved, rival, 'its key belongs to another object');
    return false;
  }
  const now = new Map<string, unknown>(Object.entries(found));
  const differing = Object.entries(saved).filter(([name, before]) => now.get(name) !== before);
  if (differing.length === 0) return true;
  const show = (name: string, value: unknown): string => (words[name] ?? String)(Number(value));
  const how = differing
    .map(([name, before]) => `its ${name} is ${show(name, now.get(name))}, and was ${show(name, before)}`)
    .join('; ');
  if (differing.some(([name]) => identity.has(name)))
    throw taken(sort, saved, found, `its id belongs to another object: ${how}`);
  throw changed(sort, saved, how);
}

/** The error for an object that is there and is not as it was. */
export function changed(sort: SystemVSort, saved: Named, how: string): EngineError {
  const name = systemVName(sort, saved);
  return new EngineError('IPC_CHANGED', `${name} has changed since the dump: ${how}`, {
    resource: name,
    remedy: `Remove it if nobody needs it (ipcrm ${systemVSorts[sort].option} ${saved.id}), and restore again: it is made anew as it was.`,
  });
}

/** The error for an id or a key that somebody else has. */
export function taken(sort: SystemVSort, saved: Named, rival: Named & Pick<Listed, 'cuid'>, how: string): EngineError {
  const name = systemVName(sort, saved);
  const other = `${systemVName(sort, rival)}, made by user ${rival.cuid}`;
  return new EngineError('IPC_TAKEN', `${name} cannot come back: ${how} (${other})`, {
    resource: name,
    remedy: `End the programs that use ${systemVName(sort, rival)} and remove it (ipcrm ${systemVSorts[sort].option} ${rival.id}), or restore in an IPC namespace of its own (unshare --ipc).`,
  });
}
