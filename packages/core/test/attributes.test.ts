import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trySyscall } from '@criujs/linux';
import { describe, expect } from 'vitest';
import { criujsCommand, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';

const kept = cProgram('kept');
const attributes = cProgram('attributes');

describe.skipIf(kept.missing)(kept.missing ?? 'what no restore could bring back', () => {
  test.for([
    ['thread', /^thread keyring \d+$/],
    ['process', /^process keyring \d+$/],
    ['session', /^session keyring \d+$/],
    ['dispatch', /^system call user dispatch$/],
  ] as const)(
    '%s: is refused by name, the program goes on, and without it the program is dumped',
    async ([what, name], { place }) => {
      const target = await place.start(cProgram('kept', { KEPT: what }));
      const images = place.fresh('images');
      const dump = ['dump', '-t', String(target.pid), '-D', images];
      const failure = await criujsFails(dump);
      expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
      expect(failure.refusals).toEqual([expect.objectContaining({ resource: expect.stringMatching(name) })]);
      expect(target.held()).toEqual([]);
      await target.advance();

      writeFileSync(target.path('away'), '');
      await target.advance();
      await target.advance();
      expect(await criujsCommand(dump)).toMatchObject({ code: 0 });
      await untilGone(target.pid);
    },
  );
});

test.skipIf(kept.missing)('the key that systemd gives a service keeps nobody from dumping it', async ({ place }) => {
  const target = await place.start(cProgram('kept', { KEPT: 'invocation' }));
  const command = ['dump', '-t', String(target.pid), '-D', place.fresh('images'), '--leave-running'];
  expect(await criujsCommand(command)).toMatchObject({ code: 0 });
  await target.advance();
  await target.finish();
});

describe.skipIf(kept.missing !== null || !hasLandlock())('a sandbox of Landlock rules', () => {
  test('is refused, and the program goes on', async ({ place }) => {
    const target = await place.start(cProgram('kept', { KEPT: 'landlock' }));
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', place.fresh('images')]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', refusals: [{ resource: 'Landlock rules' }] });
    expect(target.held()).toEqual([]);
    await target.advance();
    await target.finish();
  });
});

/** The hierarchy of cgroup v1 in which a group holds nobody to anything. */
const hierarchy = '/sys/fs/cgroup/freezer';

describe.skipIf(!isRoot || attributes.missing !== null)('what this machine does not have', () => {
  test('processors: a warning that names them', async ({ place }) => {
    const target = await place.start(attributes);
    const images = place.fresh('images');
    expect(await criujsCommand(['dump', '-t', String(target.pid), '-D', images])).toMatchObject({ code: 0 });
    await untilGone(target.pid);
    const records = join(images, 'criujs.json');
    const text = readFileSync(records, 'utf8');
    writeFileSync(records, text.replace(/"affinity": "all"/, `"affinity": "f${'0'.repeat(500)}1"`));
    const restored = await criujsCommand(['restore', '-D', images, '--detach']);
    place.track(target.pid);
    expect(restored).toMatchObject({ code: 0, stderr: expect.stringContaining('processors that it cannot have here') });
  });

  test.skipIf(!hasHierarchy())(
    'a control group: joined where it is, and otherwise a warning that names it',
    async ({ place }) => {
      const name = `criujs-test-${process.pid}`;
      const group = join(hierarchy, name);
      const ofThread = join(group, 'thread');
      mkdirSync(ofThread, { recursive: true });
      try {
        const target = await place.start(
          cProgram('attributes', {
            ATTRIBUTES_GROUP: join(group, 'cgroup.procs'),
            ATTRIBUTES_THREAD_GROUP: join(ofThread, 'tasks'),
          }),
        );
        const images = place.fresh('images');
        const restore = ['restore', '-D', images, '--detach'];
        const groupOf = (): string => readFileSync(`/proc/${target.pid}/cgroup`, 'utf8');
        expect(await criujsCommand(['dump', '-t', String(target.pid), '-D', images])).toMatchObject({ code: 0 });
        await untilGone(target.pid);
        expect(await criujsCommand(restore)).toMatchObject({ code: 0, stderr: '' });
        place.track(target.pid);
        expect(groupOf()).toContain(`freezer:/${name}\n`);
        expect(readFileSync(join(ofThread, 'tasks'), 'utf8')).toMatch(/^\d+\n$/);
        await target.advance();
        process.kill(target.pid, 'SIGKILL');
        await untilGone(target.pid);

        rmdirSync(ofThread);
        rmdirSync(group);
        const warned = await criujsCommand(restore);
        place.track(target.pid);
        expect(warned).toMatchObject({ code: 0, stderr: expect.stringContaining(`control group freezer:/${name}`) });
        expect(warned.stderr).toMatch(new RegExp(`its thread \\d+ was in the control group freezer:/${name}/thread`));
        expect(groupOf()).not.toContain(name);
      } finally {
        for (const it of [ofThread, group]) if (hasHierarchy(it)) rmdirSync(it);
      }
    },
  );
});

/** landlock_create_ruleset(2) with LANDLOCK_CREATE_RULESET_VERSION. */
function hasLandlock(): boolean {
  return trySyscall('landlock_create_ruleset', 0, 0, 1) > 0;
}

function hasHierarchy(directory = hierarchy): boolean {
  try {
    return readFileSync(join(directory, 'cgroup.procs')) !== null;
  } catch {
    return false;
  }
}
