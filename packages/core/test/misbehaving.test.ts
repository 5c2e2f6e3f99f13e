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

/** What else replaces built-in objects is tried in `plugin-host/src/built-ins.test.ts`. */
const atDump: readonly Row[] = [
  { way: 'DUMP_EXT_FILE:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
  { way: 'DUMP_EXT_FILE:reject', code: 'HOOK_FAILED', says: /rejected on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
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
  { way: 'PAUSE_DEVICES:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
  { way: 'PAUSE_DEVICES:loop', code: 'HOOK_TIMEOUT' },
  { way: 'DUMP_EXT_FILE:proxy', code: 'HOOK_FAILED', says: /threw/ },
  { way: 'DUMP_EXT_FILE:rejectsProxy', code: 'HOOK_FAILED', says: /threw/ },
  { way: 'DUMP_EXT_FILE:closesLent', code: 'HOOK_FAILED', says: /closed descriptor \d+, which the engine only lent/ },
  {
    way: 'DUMP_EXT_FILE:closesAndOpens',
    code: 'HOOK_FAILED',
    says: /closed descriptor \d+, which the engine only lent/,
  },
  {
    way: 'DUMP_EXT_FILE:closesOthers',
    code: 'PLUGIN_FAILED',
    says: /closed descriptor \d+, which is the engine's own/,
  },
  { way: 'DUMP_EXT_FILE:json', code: 'HOOK_FAILED', says: /replaced JSON\.stringify/ },
  { way: 'load:arrays', code: 'PLUGIN_INVALID', says: /replaced Array\.prototype\.map/ },
  { way: 'init:throw', code: 'PLUGIN_INIT_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
  { way: 'init:forgets', code: 'PLUGIN_INIT_FAILED', says: /before image\.writeJson\('state', …\) had ended/ },
  { way: 'init:hang', code: 'HOOK_TIMEOUT' },
  { way: 'init:exit', code: 'PLUGIN_EXITED' },
];

const atRestore: readonly Row[] = [
  { way: 'RESTORE_EXT_FILE:throw', code: 'HOOK_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
  { way: 'RESTORE_EXT_FILE:reject', code: 'HOOK_FAILED', says: /rejected on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
  { way: 'RESTORE_EXT_FILE:hang', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:loop', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:exit', code: 'PLUGIN_EXITED' },
  { way: 'RESTORE_EXT_FILE:nonsense', code: 'HOOK_BAD_RESULT' },
  { way: 'RESTORE_EXT_FILE:badDescriptor', code: 'HOOK_BAD_RESULT' },
  { way: 'RESTORE_EXT_FILE:ownedOutput', code: 'HOOK_BAD_RESULT', says: /one of 0, 1 and 2/ },
  { way: 'RESTORE_EXT_FILE:loopsOwn', code: 'HOOK_BAD_RESULT', says: /event loop/ },
  {
    way: 'RESTORE_EXT_FILE:twice',
    code: 'HOOK_BAD_RESULT',
    says: /which it has answered before, for RESTORE_EXT_FILE of file/,
  },
  { way: 'RESTORE_EXT_FILE:enginesOwn', code: 'HOOK_BAD_RESULT', says: /which is the engine's own/ },
  { way: 'RESTORE_EXT_FILE:enginesClaim', code: 'HOOK_BAD_RESULT', says: /which is the engine's own/ },
  { way: 'RESTORE_EXT_FILE:late', code: 'HOOK_TIMEOUT' },
  { way: 'RESTORE_EXT_FILE:forever', code: 'PLUGIN_FAILED' },
  { way: 'init:throw', code: 'PLUGIN_INIT_FAILED', says: /thrown on purpose \(at .*misbehaving\.ts:\d+:\d+\)/ },
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
  // Before it is loaded, a plugin has no name but that of its file.
  const name = hook === 'load' ? plugin : 'test-misbehaving';
  expect(failure, way).toMatchObject({ code, exitCode: 4, plugin: name });
  if (hook.includes('_')) expect(failure.hook, way).toBe(hook);
  if (hook.endsWith('EXT_FILE')) expect(failure.resource, way).toContain(unknownDevice);
  expect(failure.message, way).toContain(name);
  if (says) expect(failure.message, way).toMatch(says);
}

/** Rows share a target: each takes a run, and all of them leave it as it was. */
function inGroups(rows: readonly Row[], size: number): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));
}

describe.skipIf(missing)(`plugins that misbehave (${missing ?? 'each error names plugin, hook and resource'})`, () => {
  for (const rows of inGroups(atDump, 8)) {
    test(`${rows.map(({ way }) => way).join(', ')} at a dump: the target lives on as it was`, async ({ place }) => {
      const target = await place.start(program);
      const who = target.identities();
      const images = target.images();
      for (const row of rows) {
        await expectBlame(['dump', '-t', String(target.pid), '-D', images], row);
        expect(target.held(), row.way).toEqual([]);
        expect(target.identities(), row.way).toEqual(who);
        expect(existsSync(join(images, 'inventory.img')), 'what was written is no dump').toBe(false);
        await target.advance();
      }
      await criujs.dump(target.pid, images, { more, leaveRunning: true });
      await target.finish();
    });
  }

  test('a timer that throws after the run: the dump is whole, the plugin is named, exit code 4', async ({ place }) => {
    const target = await place.start(program);
    const images = target.images();
    const args = ['dump', '-t', String(target.pid), '-D', images, '--leave-running', ...more];
    const { code, stdout, stderr } = await criujsCommand(args, { env: { CRIUJS_TEST_MISBEHAVE: 'exit:timer' } });
    expect(code).toBe(4);
    expect(stderr).toContain('plugin test-misbehaving: exit failed: threw later');
    expect(stdout).toContain(`dumped ${target.pid}`);
    expect(existsSync(join(images, 'inventory.img'))).toBe(true);
    await target.finish();
  });

  test(`${deadly.map(({ way }) => way).join(', ')} end Node itself: the target lives on as it was`, async ({
    place,
  }) => {
    const target = await place.start(program);
    const who = target.identities();
    const images = target.images();
    for (const row of deadly) {
      await expectBlame(['dump', '-t', String(target.pid), '-D', images], {
        ...row,
        says: RegExp(`${row.says?.source}.*\\. The target runs on as it was\\.$`),
      });
      await until('the kernel has let it go', () => target.held().length === 0);
      expect(target.identities(), row.way).toEqual(who);
      expect(existsSync(join(images, 'inventory.img')), 'what was written is no dump').toBe(false);
      await target.advance();
    }
    await criujs.dump(target.pid, images, { more, leaveRunning: true });
    await target.finish();
  });

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
      const deadlyRow = { way: 'RESTORE_EXT_FILE:closesMany', code: 'PLUGIN_FAILED', says: ended('SIGABRT') };
      await expectBlame(['restore', '-D', images, '--detach'], deadlyRow);
      await until('all of it is gone', () => processesIn(target.directory).length === 0);
      place.track(await criujs.restore(images, { more }));
      await target.advance();
      await target.finish();
    },
  );
});
