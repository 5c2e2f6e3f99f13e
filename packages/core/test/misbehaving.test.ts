import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { unknownDevice } from './harness/devices.ts';
import { criujs, criujsCommand, criujsFails } from './harness/engines.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

const plugin = fileURLToPath(new URL('plugins/misbehaving.ts', import.meta.url));
const more = ['--plugin', plugin];
/** Milliseconds, where a hook is to miss it: loading a plugin on a busy machine must not. `late` takes longer. */
const deadline = ['--hook-deadline', '4000'];
const missing = cProgram('external').missing ?? (unknownDevice ? null : 'no device that the engine does not know');
const program = { ...cProgram('external'), env: { DEVICE: unknownDevice ?? '' } };

interface Row {
  /** The hook, and what the plugin does in it; see plugins/misbehaving.ts. */
  readonly way: string;
  readonly code: string;
  /** What the message must tell of the cause. */
  readonly says?: RegExp;
}

const atDump: readonly Row[] = [
  { way: 'DUMP_EXT_FILE:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:13:\d+\)/ },
  { way: 'DUMP_EXT_FILE:reject', code: 'HOOK_FAILED', says: /rejected on purpose \(at .*misbehaving\.ts:15:\d+\)/ },
  { way: 'DUMP_EXT_FILE:hang', code: 'HOOK_TIMEOUT' },
  { way: 'DUMP_EXT_FILE:loop', code: 'HOOK_TIMEOUT' },
  { way: 'DUMP_EXT_FILE:exit', code: 'PLUGIN_EXITED' },
  { way: 'DUMP_EXT_FILE:abort', code: 'PLUGIN_EXITED' },
  { way: 'DUMP_EXT_FILE:nonsense', code: 'HOOK_BAD_RESULT' },
  { way: 'DUMP_EXT_FILE:late', code: 'HOOK_TIMEOUT' },
  { way: 'DUMP_EXT_FILE:forgets', code: 'HOOK_FAILED', says: /before image\.writeJson\('state', …\) had ended/ },
  { way: 'DUMP_EXT_FILE:writesLater', code: 'HOOK_FAILED', says: /image\.writeJson\('state', …\) after/ },
  { way: 'DUMP_EXT_FILE:writesMuchLater', code: 'HOOK_FAILED', says: /image\.writeJson\('state', …\) after/ },
  { way: 'PAUSE_DEVICES:forgets', code: 'HOOK_FAILED', says: /before image\.writeJson\('state', …\) had ended/ },
  { way: 'PAUSE_DEVICES:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:13:\d+\)/ },
  { way: 'PAUSE_DEVICES:loop', code: 'HOOK_TIMEOUT' },
  { way: 'init:throw', code: 'PLUGIN_INIT_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:13:\d+\)/ },
  { way: 'init:forgets', code: 'PLUGIN_INIT_FAILED', says: /before image\.writeJson\('state', …\) had ended/ },
  { way: 'init:hang', code: 'HOOK_TIMEOUT' },
  { way: 'init:exit', code: 'PLUGIN_EXITED' },
];

const atRestore: readonly Row[] = [
  { way: 'RESTORE_EXT_FILE:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:13:\d+\)/ },
  { way: 'RESTORE_EXT_FILE:reject', code: 'HOOK_FAILED', says: /rejected on purpose \(at .*misbehaving\.ts:15:\d+\)/ },
  { way: 'RESTORE_EXT_FILE:hang', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:loop', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:exit', code: 'PLUGIN_EXITED' },
  { way: 'RESTORE_EXT_FILE:nonsense', code: 'HOOK_BAD_RESULT' },
  { way: 'RESTORE_EXT_FILE:badDescriptor', code: 'HOOK_BAD_RESULT' },
  { way: 'RESTORE_EXT_FILE:late', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:forever', code: 'PLUGIN_FAILED' },
  { way: 'init:throw', code: 'PLUGIN_INIT_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:13:\d+\)/ },
];

const ended = (signal: string): RegExp =>
  RegExp(`^${signal} ended the process\\. Plugin test-misbehaving was called last: `);

/** Ways by which Node itself dies. */
const deadly: readonly Row[] = [
  { way: 'DUMP_EXT_FILE:segfault', code: 'PLUGIN_FAILED', says: ended('SIGSEGV') },
  { way: 'DUMP_EXT_FILE:heap', code: 'PLUGIN_FAILED', says: ended('SIGABRT') },
  { way: 'DUMP_EXT_FILE:closesLoop', code: 'PLUGIN_FAILED', says: ended('SIGABRT') },
  { way: 'DUMP_EXT_FILE:closesMany', code: 'PLUGIN_FAILED', says: ended('SIGABRT') },
  { way: 'PAUSE_DEVICES:closesLoop', code: 'PLUGIN_FAILED', says: ended('SIGABRT') },
  { way: 'init:closesLoop', code: 'PLUGIN_FAILED', says: ended('SIGABRT') },
];

/** Heaps of these runs: a full one is soon there. */
const smallHeap = { NODE_OPTIONS: '--max-old-space-size=96' };

/** The error names plugin, hook and resource, whatever the plugin did. */
async function expectBlame(args: readonly string[], { way, code, says }: Row): Promise<void> {
  const [hook = '', how = ''] = way.split(':');
  const failure = await criujsFails([...args, ...more, ...(code === 'HOOK_TIMEOUT' ? deadline : [])], {
    env: { CRIUJS_TEST_MISBEHAVE: way, ...(how === 'heap' ? smallHeap : {}) },
  });
  expect(failure, way).toMatchObject({ code, exitCode: 4, plugin: 'test-misbehaving' });
  if (hook.includes('_')) expect(failure.hook, way).toBe(hook);
  if (hook.endsWith('EXT_FILE')) expect(failure.resource, way).toContain(unknownDevice);
  expect(failure.message, way).toContain('test-misbehaving');
  if (says) expect(failure.message, way).toMatch(says);
}

describe.skipIf(missing)(`plugins that misbehave (${missing ?? 'each error names plugin, hook and resource'})`, () => {
  for (const row of atDump) {
    test(`${row.way} at a dump: the target lives on as it was`, async ({ place }) => {
      const target = await place.start(program);
      const who = target.identities();
      const images = target.images();
      await expectBlame(['dump', '-t', String(target.pid), '-D', images], row);
      expect(target.held()).toEqual([]);
      expect(target.identities()).toEqual(who);
      expect(existsSync(join(images, 'inventory.img')), 'what was written is no dump').toBe(false);
      await target.advance();
      await criujs.dump(target.pid, images, { more, leaveRunning: true });
      await target.finish();
    });
  }

  for (const row of deadly) {
    test(`${row.way} at a dump ends Node itself: the target lives on as it was`, async ({ place }) => {
      const target = await place.start(program);
      const who = target.identities();
      const images = target.images();
      await expectBlame(['dump', '-t', String(target.pid), '-D', images], {
        ...row,
        says: RegExp(`${row.says?.source}.*\\. The target runs on as it was\\.$`),
      });
      await until('the kernel has let it go', () => target.held().length === 0);
      expect(target.identities()).toEqual(who);
      expect(existsSync(join(images, 'inventory.img')), 'what was written is no dump').toBe(false);
      await target.advance();
      await criujs.dump(target.pid, images, { more, leaveRunning: true });
      await target.finish();
    });
  }

  test('in words, it is said on descriptor 2 alone', async ({ place }) => {
    const target = await place.start(program);
    const args = ['dump', '-t', String(target.pid), '-D', target.images(), ...more];
    const end = await criujsCommand(args, { env: { CRIUJS_TEST_MISBEHAVE: 'DUMP_EXT_FILE:closesLoop' } });
    expect(end).toMatchObject({ code: 4, stdout: '' });
    expect(end.stderr).toMatch(
      /criujs: SIGABRT ended the process\. Plugin test-misbehaving .*\n {2}→ Run it again without/,
    );
    await target.advance();
    await target.finish();
  });

  test('once the dump is whole, it is said that it is', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    await expectBlame(['dump', '-t', String(target.pid), '-D', images, '-R'], {
      way: 'exit:closesLoop',
      code: 'PLUGIN_FAILED',
      says: /called last: exit\. The dump is complete\.$/,
    });
    expect(existsSync(join(images, 'inventory.img'))).toBe(true);
    await target.advance();
    await target.finish();
  });

  test('a plan names it, too', async ({ place }) => {
    const target = await place.start(program);
    await expectBlame(['plan', '-t', String(target.pid)], {
      way: 'claim:closesLoop',
      code: 'PLUGIN_FAILED',
      says: ended('SIGABRT'),
    });
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)('at a restore that ends Node itself nothing is left behind either', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    await criujs.dump(target.pid, images, { more });
    await expectBlame(['restore', '-D', images, '--detach'], {
      way: 'RESTORE_EXT_FILE:closesMany',
      code: 'PLUGIN_FAILED',
      says: ended('SIGABRT'),
    });
    await until('all of it is gone', () => processesIn(target.directory).length === 0);
    place.track(await criujs.restore(images, { more }));
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)(
    'at a restore: nothing is left behind, and a plugin that behaves restores the same images',
    async ({ place }) => {
      const target = await place.start(program);
      const images = target.images();
      await criujs.dump(target.pid, images, { more });
      for (const row of atRestore) {
        await expectBlame(['restore', '-D', images, '--detach'], row);
        expect(processesIn(target.directory), row.way).toEqual([]);
      }
      place.track(await criujs.restore(images, { more }));
      await target.advance();
      await target.finish();
    },
  );
});
