import { recordsName } from '@criujs/engine-kit';
import type { TreeImage } from '../../engine/restore/read.ts';
import { semaphoreCommand, semaphoreLimit } from '../../facts/system-v.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { Session } from '../../run/session.ts';
import { createObject, flagsOf, type NewObject, ownerCall } from '../../system-v/create.ts';
import { objectsOf } from '../../system-v/description.ts';
import type { Maker } from '../../system-v/maker.ts';
import { type Operation, operationBytes, readUsers, readValues } from '../../system-v/semaphores.ts';
import { systemVName } from '../../system-v/sorts.ts';
import { changed, isThere } from '../../system-v/there.ts';
import { type ProcessUndo, touch, undoSteps, valuesAfter } from '../../system-v/undo-restore.ts';
import { invalid } from '../rules.ts';
import type { CompleteTree, LoadContext, LoadedTree } from './kind.ts';

/** Sets of the engine's IPC namespace. */
export const setImage = 'ipcns-sem-0.img';

/** A set of the images. */
interface SavedSet {
  readonly object: NewObject;
  readonly values: readonly number[];
  readonly users: readonly { readonly at: number; readonly pid: number }[];
  /** What is undone of each semaphore for whom. */
  readonly undo: ReadonlyMap<number, readonly ProcessUndo[]>;
  readonly isThere: boolean;
}

/** Reads the sets, and looks which of them are there. @throws EngineError */
export function loadSemaphores(tree: TreeImage, { session, records, readAll }: LoadContext): LoadedTree | undefined {
  if (records === null || !session.store.exists(setImage)) return undefined;
  const undo = undoBySet(tree, records.attributes ?? []);
  const recorded = new Map(records.systemV?.sets.map((it) => [it.id, it]));
  const sets = objectsOf(
    readAll('IPCNS_SEM', setImage).map(({ message, data }) => ({ ...message, data })),
    setImage,
  ).map(({ object, entry }): SavedSet => {
    const record = recorded.get(object.id);
    if (record === undefined) throw invalid(recordsName, `nothing of semaphore set ${object.id}`);
    const values = valuesIn(entry.data, entry.nsems);
    const ofSet = undo(object.id);
    for (const at of [...ofSet.keys(), ...record.users.map((it) => it.at)])
      if (at >= values.length)
        throw invalid(recordsName, `semaphore ${at} of set ${object.id}, which has ${values.length}`);
    const there = isThere('sem', { ...object, count: entry.nsems, ctime: record.ctime });
    const set = { object, values, users: record.users, undo: ofSet, isThere: there };
    if (there) refuseChanged(set);
    return set;
  });
  return {
    prepare(_helper, _workshop, maker) {
      for (const set of sets) if (!set.isThere) makeSet(set, maker, session);
    },
    complete(restored) {
      for (const set of sets) giveBack(set, restored);
    },
  };
}

function valuesIn(data: Uint8Array | undefined, count: number): number[] {
  const view = new DataView(data?.buffer ?? new ArrayBuffer(0), data?.byteOffset ?? 0, data?.byteLength ?? 0);
  return Array.from({ length: count }, (_, at) => {
    const value = view.getUint16(at * 2, true);
    if (value > semaphoreLimit.value) throw invalid(setImage, `a semaphore with the value ${value}`);
    return value;
  });
}

/** What is undone of the semaphores of a set, for processes that live. */
function undoBySet(
  tree: TreeImage,
  attributes: NonNullable<NonNullable<LoadContext['records']>['attributes']>,
): (set: number) => Map<number, ProcessUndo[]> {
  const living = new Set(tree.tasks.filter(({ state }) => state !== 'zombie').map(({ pid }) => pid));
  const all = attributes.flatMap(({ tid: pid, process }) =>
    (process?.semaphoreUndo ?? []).map((it) => ({ ...it, pid })),
  );
  const lost = all.find(({ pid }) => !living.has(pid));
  if (lost !== undefined) throw invalid(recordsName, `semaphores of process ${lost.pid}, which there is not`);
  return (set) => {
    const found = new Map<number, ProcessUndo[]>();
    for (const { at, pid, value } of all.filter((it) => it.set === set && it.value !== 0))
      found.set(at, [...(found.get(at) ?? []), { pid, value }]);
    return found;
  };
}

/** Each value is the one that was dumped, or what the end of the dumped processes made of it. */
function refuseChanged({ object, values, undo }: SavedSet): void {
  const now = readValues(object.id, values.length);
  now?.forEach((value, at) => {
    const wanted = [values[at] ?? 0, ...valuesAfter(values[at] ?? 0, undo.get(at) ?? [])];
    if (!wanted.includes(value))
      throw changed('sem', object, `semaphore ${at} has the value ${value}, and had ${wanted[0]}`);
  });
}

function makeSet({ object, values }: SavedSet, maker: Maker, { warn }: Session): void {
  createObject('sem', object, maker, () => maker.call('semget', [object.key, values.length, flagsOf(object)]), warn);
  const bytes = Buffer.from(Uint16Array.from(values).buffer);
  const calls: TaskCall[] = [
    {
      name: 'semctl',
      args: [object.id, 0, semaphoreCommand.setAll, bytes],
      what: `set the values of ${systemVName('sem', object)}`,
    },
    ownerCall('sem', object),
  ];
  maker.act(() => maker.run(calls, setImage));
}

/** Gives processes what is undone for them, and makes those the last users that were. */
function giveBack(set: SavedSet, tree: CompleteTree): void {
  const { object, values, users, undo } = set;
  const name = systemVName('sem', object);
  if (set.isThere) refuseChanged(set);
  const now = readValues(object.id, values.length) ?? values;
  const call = (operations: readonly Operation[], what: string): TaskCall => ({
    name: 'semop',
    args: [object.id, operationBytes(operations), operations.length],
    what: `${what} of ${name}`,
  });
  for (const [at, all] of undo) {
    const value = values[at] ?? 0;
    for (const { pid, lists } of undoSteps(at, value, now[at] ?? value, all))
      tree.run(
        pid,
        lists.map((operations) => call(operations, `get back what is undone of semaphore ${at}`)),
        setImage,
      );
  }
  const last = readUsers(object.id, values.length) ?? [];
  for (const { at, pid } of users) {
    if (last[at] === tree.now(pid)) continue;
    const again = call(touch(at, values[at] ?? 0), `be the last user of semaphore ${at}`);
    tree.run(pid, [{ ...again, optional: true }], setImage);
  }
}
