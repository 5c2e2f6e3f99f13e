import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trySyscall } from '@criujs/linux';

/** IPC_RMID, and the call of each sort that takes it. */
const remove = 0;
const removals: Readonly<Record<string, (id: number) => number>> = {
  shm: (id) => trySyscall('shmctl', id, remove, 0),
  sem: (id) => trySyscall('semctl', id, 0, remove, 0),
  msg: (id) => trySyscall('msgctl', id, remove, 0),
};

/** A System V object that a program of a test has made. */
export interface MadeObject {
  readonly sort: string;
  readonly id: number;
}

/** What the programs in a folder say in their file `objects` that they have made. */
export function objectsIn(folder: string): MadeObject[] {
  if (!existsSync(folder)) return [];
  const folders = readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory());
  const file = join(folder, 'objects');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [];
  const own = lines.map((line) => {
    const [sort = '', id] = line.split(' ');
    return { sort, id: Number(id) };
  });
  return [...own, ...folders.flatMap(({ name }) => objectsIn(join(folder, name)))];
}

/** Removes an object: false if it is gone. */
export function removeObject({ sort, id }: MadeObject): boolean {
  return removals[sort]?.(id) === 0;
}
