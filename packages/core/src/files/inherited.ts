import { EngineError, type InheritedFd, type Records } from '@criujs/engine-kit';
import { duplicate } from '@criujs/linux';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import type { FileEntry, Opener } from '../kinds/files/opening.ts';

/** Files whose place descriptors of the user's take. */
export interface InheritedFiles {
  /** Whether a descriptor stands for a file, or for its name. */
  has(id: number): boolean;
  /** Opens a file, in the way of its kind where nothing stands for it. */
  open(file: FileEntry, opener: Opener): number | 'later';
}

/**
 * Finds the files that descriptors of the user's stand for.
 * @param files all that a process had a descriptor of
 * @throws EngineError BAD_OPTION; FILE_MISSING for an external pipe that nothing is given for
 */
export function findInherited(
  files: readonly FileEntry[],
  given: readonly InheritedFd[],
  records: Records | null,
): InheritedFiles {
  const byName = new Map<string, FileEntry[]>();
  for (const file of files) {
    const name = kindOfEntry(file).inheritable?.name(file);
    if (name !== undefined) byName.set(name, [...(byName.get(name) ?? []), file]);
  }
  const found = new Map<number, number>();
  for (const { fd, key } of given) {
    const entries = byName.get(key);
    if (entries === undefined) throw unknown(fd, key, [...byName.keys()]);
    const why = kindOfEntry(entries[0] as FileEntry).inheritable?.problem(entries, fd) ?? null;
    if (why !== null) throw unfit(fd, key, why);
    for (const { id, named } of entries) for (const it of [id, named?.id]) if (it !== undefined) found.set(it, fd);
  }
  refuseMissing(byName, found, records);
  return {
    has: (id) => found.has(id),
    open(file, opener) {
      const fd = found.get(file.id);
      if (fd === undefined) return opener.open(file);
      return opener.openThrough?.(file, fd) ?? duplicate(fd);
    },
  };
}

/** How many names an error lists. */
const listed = 20;

function unknown(fd: number, key: string, names: readonly string[]): EngineError {
  const sorted = [...names].sort();
  const more = sorted.length > listed ? ` and ${sorted.length - listed} more` : '';
  return new EngineError('BAD_OPTION', `fd[${fd}]:${key}: no process of the images has a file of this name open`, {
    remedy: sorted.length === 0 ? 'Leave it out.' : `The images have ${sorted.slice(0, listed).join(', ')}${more}.`,
  });
}

function unfit(fd: number, key: string, why: string): EngineError {
  return new EngineError('BAD_OPTION', `fd[${fd}]:${key}: descriptor ${fd} cannot take its place, because ${why}`, {
    remedy: 'Give a descriptor of the same type, open for the same direction.',
  });
}

/** Pipes that a dump was told to leave out come back only through a descriptor. */
function refuseMissing(
  byName: ReadonlyMap<string, readonly FileEntry[]>,
  found: ReadonlyMap<number, number>,
  records: Records | null,
): void {
  const external = (records?.pipes ?? []).filter((it) => it.external).map(({ pipeId }) => `pipe:[${pipeId}]`);
  const missing = external.filter((name) => byName.get(name)?.some(({ id }) => !found.has(id)));
  const [first] = missing;
  if (first === undefined) return;
  throw new EngineError(
    'FILE_MISSING',
    `${missing.join(', ')}: the dump left what is outside of the tree out (--external), and no descriptor is given for it`,
    {
      resource: first,
      remedy: `Give one, for example: criujs restore --inherit-fd 'fd[1]:${first}' (option \`inheritFd\`).`,
    },
  );
}
