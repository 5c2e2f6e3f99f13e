import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, encodeImage } from '@criujs/images';
import { describe, expect } from 'vitest';
import { allOrNothing } from './harness/all-or-nothing.ts';
import { bin, criujs, criujsCommand, criujsFails, type Engine, realCriu } from './harness/engines.ts';
import { createMarksman, killAt } from './harness/killer.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test as base, type Place } from './harness/place.ts';
import { endNow, untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

const mounts = '/sys/fs/cgroup';
/** One with a number to set, one without controllers, and cgroup v2 without controllers. */
const hierarchies = ['pids', 'systemd', 'unified'] as const;
const missing = !isRoot
  ? 'needs root'
  : (cProgram('groups').missing ??
    (hierarchies.every((it) => existsSync(join(mounts, it, 'cgroup.procs')))
      ? null
      : 'no control groups of both versions'));

/** Groups of a test, below the roots of hierarchies. */
interface Groups {
  readonly name: string;
  /** A file of the group, or of one in it, in a hierarchy. */
  path(hierarchy: string, ...below: string[]): string;
  start(place: Place, env?: Readonly<Record<string, string>>): Promise<Target>;
  /** Removes all of them, once nobody is in them. */
  remove(): Promise<void>;
}

let last = 0;

function createGroups(): Groups {
  const name = `criujs-test-${process.pid}-${++last}`;
  const path = (hierarchy: string, ...below: string[]): string => join(mounts, hierarchy, name, ...below);
  return {
    name,
    path,
    async start(place, env = {}) {
      for (const it of hierarchies) mkdirSync(path(it, 'child'), { recursive: true });
      for (const it of ['empty', 'thread']) mkdirSync(path('systemd', it));
      writeFileSync(path('pids', 'pids.max'), '123');
      writeFileSync(path('pids', 'child', 'pids.max'), '45');
      writeFileSync(path('unified', 'cgroup.max.depth'), '7');
      writeFileSync(path('systemd', 'notify_on_release'), '1');
      const all = (...below: string[]): string => hierarchies.map((it) => path(it, ...below, 'cgroup.procs')).join(':');
      const where = {
        GROUPS_ROOT: all(),
        GROUPS_CHILD: all('child'),
        GROUPS_THREAD: path('systemd', 'thread', 'tasks'),
      };
      return place.start(cProgram('groups', { ...where, ...env }));
    },
    async remove() {
      for (const it of hierarchies) await removeAll(path(it));
    },
  };
}

async function removeAll(group: string): Promise<void> {
  if (!existsSync(group)) return;
  for (const it of readdirSync(group, { withFileTypes: true }))
    if (it.isDirectory()) await removeAll(join(group, it.name));
  await until(`nobody is in ${group}`, () => removed(group));
}

function removed(group: string): boolean {
  try {
    rmdirSync(group);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
    return false;
  }
}

const test = base.extend<{ groups: Groups }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest wants a pattern
  groups: async ({}, use) => {
    const groups = createGroups();
    try {
      await use(groups);
    } finally {
      endMembers(groups);
      await groups.remove();
    }
  },
});

/** Whoever is left in groups of a test is one of its programs. */
function endMembers({ path }: Groups): void {
  for (const hierarchy of hierarchies)
    for (const below of ['', 'child', 'inner'])
      if (existsSync(path(hierarchy, below)))
        for (const pid of text(path(hierarchy, below, 'cgroup.procs'))
          .split('\n')
          .filter(Boolean))
          endNow(Number(pid));
}

const text = (path: string): string => readFileSync(path, 'utf8').trim();

const managed = ['--manage-cgroups'];

/** Dumps a tree that ends with it. */
async function dumpWith(by: Engine, target: Target, more = managed): Promise<string> {
  const images = target.images();
  const pids = target.pids();
  await by.dump(target.pid, images, { more });
  for (const pid of pids) await untilGone(pid);
  return images;
}

async function comeBack(place: Place, by: Engine, target: Target, images: string, more = managed): Promise<void> {
  place.track(await by.restore(images, { more }));
  await target.advance();
}

function expectWhole({ path }: Groups): void {
  expect(text(path('pids', 'pids.max'))).toBe('123');
  expect(text(path('pids', 'child', 'pids.max'))).toBe('45');
  expect(text(path('unified', 'cgroup.max.depth'))).toBe('7');
  expect(text(path('systemd', 'notify_on_release'))).toBe('1');
  expect(existsSync(path('systemd', 'empty'))).toBe(true);
  expect(text(path('systemd', 'thread', 'tasks'))).toMatch(/^\d+$/);
}

describe.skipIf(missing)(`control groups${missing ? ` (${missing})` : ''}`, () => {
  test('that are gone are made again, with their properties and members, three times', async ({ place, groups }) => {
    const target = await groups.start(place);
    for (let leg = 0; leg < 3; leg++) {
      const images = await dumpWith(criujs, target);
      await groups.remove();
      await comeBack(place, criujs, target, images);
      expectWhole(groups);
    }
    await target.finish();
  });

  test('are left as they are where they are there, or set, or wanted or not, by the mode', async ({
    place,
    groups,
  }) => {
    const target = await groups.start(place);
    const images = await dumpWith(criujs, target);
    const restore = ['restore', '-D', images, '--detach', '--manage-cgroups'];
    expect(await criujsFails([...restore, 'strict'])).toMatchObject({
      code: 'FILE_CHANGED',
      message: expect.stringContaining(`the control group /${groups.name} of`),
    });
    const limit = groups.path('pids', 'pids.max');
    const log = join(target.directory, 'log');
    const before = readFileSync(log);
    const again = async (mode: string): Promise<string> => {
      writeFileSync(log, before);
      await comeBack(place, criujs, target, images, ['--manage-cgroups', mode]);
      const value = text(limit);
      const pids = target.pids();
      process.kill(target.pid, 'SIGKILL');
      for (const pid of pids) await untilGone(pid);
      return value;
    };
    writeFileSync(limit, '99');
    expect(await again('none')).toBe('99');
    expect(await again('soft')).toBe('99');
    expect(await again('full')).toBe('123');
    writeFileSync(limit, '99');
    expect(await again('props')).toBe('123');
    await groups.remove();
    for (const mode of ['none', 'props'])
      expect(await criujsFails([...restore, mode])).toMatchObject({
        code: 'FILE_MISSING',
        message: expect.stringContaining(`the control group /${groups.name} of`),
      });
    expect(existsSync(groups.path('pids'))).toBe(false);
    writeFileSync(log, before);
    await comeBack(place, criujs, target, images, ['--manage-cgroups', 'strict']);
    expectWhole(groups);
    await target.finish();
  });

  test('are not joined where they are to be ignored', async ({ place, groups }) => {
    const target = await groups.start(place, { GROUPS_MOVED: '1' });
    const images = await dumpWith(criujs, target);
    await comeBack(place, criujs, target, images, ['--manage-cgroups', 'ignore']);
    expect(readFileSync(`/proc/${target.pid}/cgroup`, 'utf8')).not.toContain(groups.name);
    await target.finish();
  });

  test('are made below another root, and removed if the restore fails', async ({ place, groups }) => {
    const target = await groups.start(place, { GROUPS_MOVED: '1' });
    const other = createGroups();
    const images = target.images();
    await criujs.dump(target.pid, images, { leaveRunning: true, more: managed });
    const moved = [...managed, '--cgroup-root', `pids:/${other.name}`];
    const failure = await criujsFails(['restore', '-D', images, '--detach', ...moved]);
    expect(failure).toMatchObject({ code: 'PID_TAKEN' });
    expect(existsSync(other.path('pids'))).toBe(false);
    try {
      await comeBack(place, criujs, target, await dumpWith(criujs, target), moved);
      const now = readFileSync(`/proc/${target.pid}/cgroup`, 'utf8');
      expect(now).toContain(`:pids:/${other.name}\n`);
      expect(now).toContain(`name=systemd:/${groups.name}\n`);
      expect(text(other.path('pids', 'child', 'pids.max'))).toBe('45');
      await target.finish();
    } finally {
      endMembers(other);
      await other.remove();
    }
  });

  test('are found in a yard', async ({ place, groups }) => {
    const yard = place.fresh('yard');
    mkdirSync(yard);
    for (const line of text('/proc/self/cgroup').split('\n')) {
      const name = line.split(':')[1]?.replace(/^name=/, '') || 'unified';
      symlinkSync(join(mounts, name), join(yard, name));
    }
    const target = await groups.start(place);
    const more = [...managed, '--cgroup-yard', yard];
    const images = await dumpWith(criujs, target, more);
    await groups.remove();
    await comeBack(place, criujs, target, images, more);
    expectWhole(groups);
    const wrong = [
      'dump',
      '-t',
      String(target.pid),
      '-D',
      target.images(),
      ...managed,
      '--cgroup-yard',
      place.directory,
    ];
    expect(await criujsFails(wrong)).toMatchObject({ message: expect.stringContaining('cannot be opened at') });
    await target.advance();
    await target.finish();
  });

  test('that cannot be as they were are told by name', async ({ place, groups }) => {
    const target = await groups.start(place);
    const images = await dumpWith(criujs, target);
    const path = join(images, 'cgroup.img');
    const [image] = decodeImage('CGROUP', readFileSync(path));
    if (image === undefined) throw new Error('no groups');
    const dirs = image.message.controllers.flatMap((it) => it.dirs);
    for (const { properties } of dirs) for (const it of properties) if (it.name === 'pids.max') it.value = 'many';
    const [first] = dirs.flatMap(({ properties }) => properties);
    if (first !== undefined) dirs[0]?.properties.push({ ...first, name: 'release_agent', value: '/bin/true' });
    writeFileSync(path, encodeImage('CGROUP', [image]));
    await groups.remove();
    const restored = await criujsCommand(['restore', '-D', images, '--detach', '--manage-cgroups']);
    place.track(target.pid);
    expect(restored).toMatchObject({ code: 0 });
    const group = `the control group /${groups.name} of`;
    expect(restored.stderr).toContain(`${group} pids: pids.max cannot be "many"`);
    expect(restored.stderr).toMatch(/release_agent cannot be "\/bin\/true": it is not known here/);
    await target.advance();
    await target.finish();
  });

  test('have nobody in them, or the whole tree, when the engine is killed while it restores', async ({
    place,
    groups,
  }) => {
    const target = await groups.start(place);
    const shots = createMarksman(['open', 'fork', 'build', 'resume']);
    for (let round = 0; round < 8; round++) {
      const pids = target.pids();
      const images = await dumpWith(criujs, target);
      await groups.remove();
      const { phase, delay } = shots.aim();
      const restore = ['restore', '-D', images, '--detach', '--manage-cgroups'];
      const run = await killAt(phase, delay, [process.execPath, bin, ...restore]);
      shots.note(run);
      const outcome = await allOrNothing(target, pids, run.last);
      if (outcome === 'nothing') {
        // One that was still left when the guard was through can be removed.
        await groups.remove();
        await comeBack(place, criujs, target, images);
      }
      place.track(target.pid);
      expectWhole(groups);
    }
    await target.finish();
  });

  test('of version 2 that are threaded have single threads in them', async ({ place, groups }) => {
    const threaded = groups.path('unified', 'threaded');
    mkdirSync(threaded, { recursive: true });
    writeFileSync(join(threaded, 'cgroup.type'), 'threaded');
    const where = {
      GROUPS_ROOT: groups.path('unified', 'cgroup.procs'),
      GROUPS_THREAD: join(threaded, 'cgroup.threads'),
    };
    const target = await place.start(cProgram('groups', where));
    for (let leg = 0; leg < 2; leg++) {
      const images = await dumpWith(criujs, target);
      await groups.remove();
      await comeBack(place, criujs, target, images);
      expect(text(join(threaded, 'cgroup.type'))).toBe('threaded');
      expect(text(join(threaded, 'cgroup.threads'))).toMatch(/^\d+$/);
    }
    await target.finish();
  });

  const controllers = missing ? '' : text(join(mounts, 'unified', 'cgroup.controllers'));
  test.skipIf(controllers === '')('of version 2 pass the same controllers on', async ({ place, groups }) => {
    const [controller] = controllers.split(' ');
    const above = join(mounts, 'unified', 'cgroup.subtree_control');
    const before = text(above);
    writeFileSync(above, `+${controller}`);
    try {
      const inner = groups.path('unified', 'inner');
      mkdirSync(inner, { recursive: true });
      const passed = groups.path('unified', 'cgroup.subtree_control');
      writeFileSync(passed, `+${controller}`);
      // Who is in groups that pass controllers on is in those below.
      const target = await place.start(cProgram('groups', { GROUPS_ROOT: join(inner, 'cgroup.procs') }));
      const more = [...managed, '--cgroup-root', `/${groups.name}`];
      const images = await dumpWith(criujs, target, more);
      await groups.remove();
      await comeBack(place, criujs, target, images);
      expect(text(passed)).toBe(controller);
      expect(text(join(inner, 'cgroup.controllers'))).toBe(controller);
      await target.finish();
      await groups.remove();
    } finally {
      if (!before.split(' ').includes(controller ?? '')) {
        endMembers(groups);
        await groups.remove();
        writeFileSync(above, `-${controller}`);
      }
    }
  });

  test.skipIf(criuMissing() !== null)('go to CRIU and back', async ({ place, groups }) => {
    const target = await groups.start(place);
    for (const [by, restoredBy] of [
      [criujs, realCriu],
      [realCriu, criujs],
      [criujs, realCriu],
    ] as const) {
      const images = await dumpWith(by, target);
      await groups.remove();
      await comeBack(place, restoredBy, target, images);
      expectWhole(groups);
    }
    await target.finish();
  });
});
