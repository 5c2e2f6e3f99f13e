import { writeFileSync } from 'node:fs';
import { arena, readSystemV, syscall, trySyscall } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { criujs, criujsFails } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { type Place, test } from './harness/place.ts';
import { cProgram } from './harness/programs.ts';
import { type MadeObject, objectsIn, removeObject } from './harness/system-v.ts';
import type { Target } from './harness/target.ts';

// System V objects that are gone when the tree comes back, that have changed meanwhile, or that are others by then.

const programs = ['sysv-memory', 'sysv-semaphores', 'sysv-queues'] as const;
const { missing } = cProgram('sysv-memory');

/** IPC_CREAT, IPC_SET and the size of any of their structures; a key that nobody has. */
const create = 0o1000;
const set = 1;
const structure = 128;
const nobodysKey = 0x4352ffff;
/** By which ipcrm(1) knows the sorts. */
const options: Readonly<Record<string, string>> = { shm: '-m', sem: '-s', msg: '-q' };

/** Dumps a target that ends with it, and gives what it had made and is still there. */
async function dumped(place: Place, name: string): Promise<{ target: Target; images: string; left: MadeObject[] }> {
  const target = await place.start(cProgram(name));
  const images = target.images();
  await criujs.dump(target.pid, images);
  return { target, images, left: objectsIn(target.directory).filter(isThere) };
}

function isThere({ sort, id }: MadeObject): boolean {
  return (sort === 'shm' || sort === 'sem' || sort === 'msg') && readSystemV(sort).some((it) => it.id === id);
}

/** Restores it, which must work, and lets it check itself to its end. */
async function comesBack(place: Place, target: Target, images: string): Promise<void> {
  const restored = await criujs.restore(images);
  place.track(restored);
  expect(restored).toBe(target.pid);
  await target.advance();
  await target.finish();
  expect(objectsIn(target.directory).filter(isThere)).toEqual([]);
}

describe.skipIf(missing ?? !isRoot)(missing ?? 'System V objects (root)', () => {
  for (const name of programs) {
    test(`${name}: made anew with the ids that they had, three times in a row`, async ({ place }) => {
      const target = await place.start(cProgram(name));
      const objects = objectsIn(target.directory);
      for (let leg = 0; leg < 3; leg++) {
        const images = target.images();
        await criujs.dump(target.pid, images);
        const left = objects.filter(isThere);
        expect(left.length).toBeGreaterThan(0);
        for (const object of left) removeObject(object);
        place.track(await criujs.restore(images));
        await target.advance();
      }
      await target.finish();
      expect(objects.filter(isThere)).toEqual([]);
    });

    test(`${name}: an error where one was changed, after which it can be removed`, async ({ place }) => {
      const { target, images, left } = await dumped(place, name);
      const [first] = left as [MadeObject];
      arena.scope(() => {
        const bytes = arena.alloc(structure);
        bytes.view.setUint32(20, 0o666, true);
        const call = { shm: 'shmctl', sem: 'semctl', msg: 'msgctl' } as const;
        const args = first.sort === 'sem' ? [0, set, bytes.address] : [set, bytes.address];
        syscall(call[first.sort as keyof typeof call], first.id, ...args);
      });
      const before = listed();
      const failure = await criujsFails(['restore', '-D', images, '-d']);
      expect(failure).toMatchObject({ code: 'IPC_CHANGED', exitCode: 5, message: expect.stringContaining('mode') });
      expect(failure.remedy).toContain(`ipcrm ${options[first.sort]} ${first.id}`);
      expect(listed()).toEqual(before);
      removeObject(first);
      await comesBack(place, target, images);
    });

    test(`${name}: an error where another object has the id`, async ({ place }) => {
      const { target, images, left } = await dumped(place, name);
      const [first] = left as [MadeObject];
      removeObject(first);
      const rival = { ...first, id: makeRival(first) };
      try {
        expect(rival.id).toBe(first.id);
        const before = listed();
        const failure = await criujsFails(['restore', '-D', images, '-d']);
        expect(failure).toMatchObject({
          code: 'IPC_TAKEN',
          exitCode: 5,
          message: expect.stringContaining('0x4352ffff'),
        });
        expect(listed()).toEqual(before);
      } finally {
        removeObject(rival);
      }
      await comesBack(place, target, images);
    });
  }

  test('memory that somebody has written to: an error, and nothing is left behind', async ({ place }) => {
    const { target, images, left } = await dumped(place, 'sysv-memory');
    const [first, second] = left as [MadeObject, MadeObject];
    removeObject(first);
    const address = syscall('shmat', second.id, 0, 0);
    syscall('getrandom', address + 64, 16, 0);
    syscall('shmdt', address);
    const before = listed();
    expect(await criujsFails(['restore', '-D', images, '-d'])).toMatchObject({
      code: 'IPC_CHANGED',
      message: expect.stringContaining('written'),
      remedy: expect.stringContaining(`ipcrm -m ${second.id}`),
    });
    expect(listed()).toEqual(before);
    removeObject(second);
    await comesBack(place, target, images);
  });

  test('memory that is still there is attached again', async ({ place }) => {
    const target = await place.start(cProgram('sysv-memory'));
    for (let leg = 0; leg < 3; leg++) await travel(place, target, { by: criujs });
    await target.finish();
  });
});

/** Makes another object with the id that one had. */
function makeRival({ sort, id }: MadeObject): number {
  writeFileSync(`/proc/sys/kernel/${sort}_next_id`, String(id));
  if (sort === 'shm') return trySyscall('shmget', nobodysKey, 4096, create | 0o600);
  return sort === 'sem'
    ? trySyscall('semget', nobodysKey, 1, create | 0o600)
    : trySyscall('msgget', nobodysKey, create | 0o600);
}

/** All objects of the machine, as far as attaching one does not change them. */
function listed(): object[] {
  return [
    ...readSystemV('shm').map(({ atime, dtime, last, ...others }) => others),
    ...readSystemV('sem'),
    ...readSystemV('msg'),
  ];
}
