import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plan } from '@criujs/core';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { listen } from './harness/calls.ts';
import { criujs, criujsFails } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';

// What the engine knows and cannot dump: plugins are asked for it before it is refused.

/** It has a file of /proc of this process, which is outside of its tree and lives longer. */
const program = cProgram('asked', { ASKED_OUTSIDE: String(process.pid) });
const more = ['--plugin', fileURLToPath(new URL('plugins/keeper.ts', import.meta.url))];

interface Call {
  readonly call: string;
  readonly what: string | null;
  readonly path: string;
  readonly holders: readonly { readonly pid: number; readonly fd: number }[];
}

async function unharmed(target: Target, images: string): Promise<void> {
  expect(target.held()).toEqual([]);
  expect(existsSync(`${images}/inventory.img`)).toBe(false);
  await target.advance();
  await target.finish();
}

/** The images hold nothing of a deleted file: so a plugin is asked for it. */
const limit = ['--ghost-limit', '0'];

/** The engine's own reason for each, by the descriptors of the root. */
const reasons: Readonly<Record<string, RegExp>> = {
  'descriptors 7,20': /^it has no name any more and holds \d+ bytes/,
  'descriptor 10': /^the program holds a lock on it/,
  'descriptor 11': /^it belongs to process \d+, outside of the dumped tree/,
};

describe.skipIf(program.missing)('what the engine knows and cannot dump', () => {
  test('is refused for its own reason without a plugin, and says what one could do', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    const { refusals = [], ...failure } = await criujsFails(['dump', '-t', String(target.pid), '-D', images, ...limit]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    for (const [descriptors, why] of Object.entries(reasons)) {
      const refusal = refusals.find(
        ({ pid, resource }) => pid === target.pid && resource.startsWith(`${descriptors}: `),
      );
      expect(refusal?.why, descriptors).toMatch(why);
      expect(refusal?.remedy).toMatch(/ Or: Load a plugin with a DUMP_EXT_FILE hook/);
    }
    const maps = refusals.filter(({ pid, resource }) => pid === target.pid && resource.startsWith('memory map'));
    expect(maps).toHaveLength(2);
    for (const { why } of maps) expect(why).toMatch(reasons['descriptors 7,20'] as RegExp);
    await unharmed(target, images);
  });

  test('is refused for its own reason when the plugin leaves it, also one end of a pair only', async ({ place }) => {
    for (const [leave, why] of [
      ['locked', /lock.*, and no plugin took it/],
      ['deleted', /no name any more.*, and no plugin took it/],
    ] as const) {
      const target = await place.start(program);
      const images = target.images();
      const args = ['dump', '-t', String(target.pid), '-D', images, ...limit, ...more];
      const failure = await criujsFails(args, { env: { CRIUJS_TEST_LEAVE: leave } });
      expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
      expect(failure.refusals?.some((it) => why.test(it.why))).toBe(true);
      const ofMaps = reasons['descriptors 7,20'] as RegExp;
      expect(failure.refusals?.every((it) => why.test(it.why) || ofMaps.test(it.why))).toBe(true);
      await unharmed(target, images);
    }
  });

  test.skipIf(!isRoot)(
    'comes back by a plugin, which is asked once a file, with the memory mapped from it',
    async ({ place }) => {
      const target = await place.start(program);
      const [root = 0, child = 0] = target.pids();
      for (let leg = 0; leg < 2; leg++) {
        const { env, calls } = listen<Call>(place);
        const how = { env };
        await travel(place, target, {
          by: criujs,
          dump: { more: [...limit, ...more] },
          restore: { more },
          how,
          compared: false,
        });
        const dumped = calls('dump').map(({ what, holders }) => [
          what,
          holders.map(({ pid, fd }) => `${pid === root ? 'root' : pid === child ? 'child' : pid} ${fd}`),
        ]);
        expect(Object.fromEntries(dumped)).toEqual({
          deleted: ['root 7', 'root 20'],
          locked: ['root 10', 'child 10', 'child 33'],
          'of a process': ['root 11'],
          hub: ['root 12'],
          'one of two': ['root 14'],
        });
        expect(dumped, 'both of two').toHaveLength(6);
        expect(calls('restore')).toHaveLength(6);
      }
      await target.finish();
    },
  );

  test.skipIf(!isRoot)(
    'is not restored when the plugin opens it so that the memory cannot be mapped from it',
    async ({ place }) => {
      const target = await place.start(program);
      const images = target.images();
      await criujs.dump(target.pid, images, { more: [...limit, ...more] });
      const failure = await criujsFails(['restore', '-D', images, '--detach', ...more], {
        env: { CRIUJS_TEST_READ_ONLY: '1' },
      });
      expect(failure).toMatchObject({ code: 'HOOK_BAD_RESULT', hook: 'RESTORE_EXT_FILE', plugin: 'test-keeper' });
      expect(failure.message).toMatch(/\(deleted\)\): RESTORE_EXT_FILE opened it for reading only/);
      expect(processesIn(target.directory), 'nothing is half restored').toEqual([]);
      place.track(await criujs.restore(images, { more }));
      await target.advance();
      await target.finish();
    },
  );

  test('is told by a plan: who claims it, that a plugin is asked, and the own reason when none does', async ({
    place,
  }) => {
    const target = await place.start(program);
    const rowsOf = async (claim?: (path: string | null) => boolean) => {
      const extras =
        claim === undefined ? {} : { claim: ({ file }: { file: { path: string | null } }) => claim(file.path) };
      const hooks = [hook('DUMP_EXT_FILE', () => undefined, extras), hook('RESTORE_EXT_FILE', () => -1)];
      const { rows, verdict } = await plan({
        pid: target.pid,
        ghostLimit: 0,
        plugins: [definePlugin({ name: 'keeper', hooks })],
      });
      return { rows: rows.filter(({ pid }) => pid === target.pid), verdict };
    };
    const taken = { plugin: 'keeper', hook: 'DUMP_EXT_FILE' };
    const silent = await rowsOf();
    expect(silent.verdict).toBe('ready');
    for (const descriptors of Object.keys(reasons)) {
      const row = silent.rows.find(({ resource }) => resource.startsWith(`${descriptors}: `));
      expect(row?.taker, descriptors).toEqual({ ...taken, claimed: false, asked: ['keeper'] });
      expect(row?.reason).toMatch(reasons[descriptors] ?? /never/);
    }
    expect(silent.rows.find(({ resource }) => resource.startsWith('2 memory maps, 8 KiB, of '))).toMatchObject({
      subject: 'memory',
      taker: { ...taken, claimed: false },
    });

    const { rows, verdict } = await rowsOf((path) => path?.endsWith(' (deleted)') ?? false);
    expect(verdict).toBe('refused');
    for (const [descriptors, why] of Object.entries(reasons)) {
      const row = rows.find(({ resource }) => resource.startsWith(`${descriptors}: `));
      if (descriptors === 'descriptors 7,20') expect(row?.taker).toMatchObject({ ...taken, claimed: true });
      else {
        expect(row?.taker, descriptors).toBeNull();
        expect(row?.why).toMatch(why);
        expect(row?.why).toMatch(/, and plugin keeper does not claim it$/);
      }
    }
    await target.finish();
  });
});
