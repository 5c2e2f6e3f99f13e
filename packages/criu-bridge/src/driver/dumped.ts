import { type Records, readImageOf, type TaskRecord } from '@criujs/engine-kit';
import { unrecorded } from '@criujs/engine-kit/externals';
import { decodeImage, type EntryOf, FdTypes, type ImageKind } from '@criujs/images';
import { readStat, signals } from '@criujs/linux';
import { pid, type RecordedFile } from '@criujs/plugin-sdk';
import type { BridgeServer } from '../server/open-server.ts';
import { seeFile } from './native-files.ts';

/** What a dump that CRIU wrote consists of. */
export interface Dumped {
  readonly tasks: readonly EntryOf<'PSTREE'>[];
  readonly files: readonly EntryOf<'FILES'>[];
  /** Who holds an open file, by its id. */
  readonly holders: ReadonlyMap<number, RecordedFile['holders']>;
}

/** Reads the processes of a dump. Throws ImageError. */
function readTasks(images: string): EntryOf<'PSTREE'>[] {
  return entries(images, 'PSTREE', 'pstree.img');
}

/** The pids of a dump, if they are pids here: not those of another pid namespace. Throws ImageError. */
export function readPids(images: string): number[] {
  const tasks = readTasks(images);
  const [inventory] = entries(images, 'INVENTORY', 'inventory.img');
  const [ids] = entries(images, 'IDS', `ids-${tasks[0]?.pid}.img`);
  const isOurs = ids?.pidNsId === inventory?.rootIds?.pidNsId;
  return isOurs ? tasks.map(({ pid }) => pid) : [];
}

/** Reads processes and files of a dump. Throws ImageError. */
export function readDumped(images: string): Dumped {
  const tasks = readTasks(images);
  return { tasks, files: entries(images, 'FILES', 'files.img'), holders: holdersOf(images, tasks) };
}

function holdersOf(images: string, tasks: readonly EntryOf<'PSTREE'>[]): Dumped['holders'] {
  const holders = new Map<number, RecordedFile['holders'][number][]>();
  for (const task of tasks) {
    const [ids] = entries(images, 'IDS', `ids-${task.pid}.img`);
    for (const { id, fd } of entries(images, 'FDINFO', `fdinfo-${ids?.filesId}.img`)) {
      const all = holders.get(id) ?? [];
      holders.set(id, all);
      all.push({ pid: pid(task.pid), fd });
    }
  }
  return holders;
}

/** A process that has ended has neither ids nor files. */
function entries<K extends ImageKind>(images: string, kind: K, name: string): EntryOf<K>[] {
  const bytes = readImageOf(images, name);
  return bytes === null ? [] : decodeImage(kind, bytes, { file: name }).map(({ message }) => message);
}

/** All that `criujs.json` says of a dump by CRIU: what plugins took, and what only the images and the processes tell. */
export function recordsOf(
  dumped: Dumped,
  root: number,
  bridge: BridgeServer | null,
  plugins: Records['plugins'],
): Records {
  const { externals = [], sockets = [], takes = [] } = bridge?.taken() ?? {};
  // In another pid namespace the pids of the images are not pids here.
  const holdersAt = (id: number): RecordedFile['holders'] => dumped.holders.get(id) ?? [];
  const isOurs = dumped.tasks[0]?.pid === root;
  const known = new Set(externals.map(({ id }) => id));
  const others = dumped.files.filter(({ type, id }) => type === FdTypes.EXT && !known.has(id));
  return {
    externals: [
      ...externals.map(({ id, file }) => ({ id, file: { ...file, holders: holdersAt(id) } })),
      ...others.map(({ id }) => ({
        id,
        file: isOurs ? seeFile(holdersAt(id)) : { ...unrecorded, holders: holdersAt(id) },
      })),
    ],
    sockets: sockets.flatMap((it) => {
      const id = dumped.files.find(({ usk }) => usk?.ino === it.inode)?.id;
      return id === undefined ? [] : [{ ...it, id, socket: { ...it.socket, holders: holdersAt(id) } }];
    }),
    takes,
    tasks: isOurs ? taskRecords(dumped) : [],
    inodes: [],
    plugins,
  };
}

/** Processes that tell their parent of their end otherwise than by SIGCHLD. */
function taskRecords({ tasks }: Dumped): TaskRecord[] {
  return tasks.slice(1).flatMap((task) => {
    const { exitSignal } = readStat(task.pid);
    return exitSignal === signals.SIGCHLD ? [] : [{ pid: task.pid, exitSignal }];
  });
}
