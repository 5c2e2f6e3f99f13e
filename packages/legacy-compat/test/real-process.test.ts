import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { dump, type LogEntry, restore } from '@criujs/core';
import { legacyLoader, nameFromPath, oldStructureEndsIn } from '@criujs/legacy-compat';
import { describe, expect, onTestFinished } from 'vitest';
import { unknownDevice } from '../../core/test/harness/devices.ts';
import type { Engine } from '../../core/test/harness/engines.ts';
import { travel } from '../../core/test/harness/legs.ts';
import { isRoot } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { untilGone } from '../../core/test/harness/processes.ts';
import { cProgram } from '../../core/test/harness/programs.ts';
import { until } from '../../core/test/harness/wait.ts';

// Plugins of the old structure through real dumps and restores of real processes.

const device = unknownDevice ?? '';
const program = cProgram('external', { DEVICE: device });
const reasons = [
  program.missing,
  isRoot ? null : 'needs root',
  unknownDevice ? null : 'no device that the engine does not know',
];
const missing = reasons.find((it) => it !== null) ?? null;

const pathOf = (name: string): string => fileURLToPath(new URL(`plugins/${name}`, import.meta.url));

type Call = readonly [name: string, ...args: unknown[]];

interface Stand {
  readonly engine: Engine;
  readonly log: readonly LogEntry[];
  /** What plugins were asked since the last time. */
  calls(): Call[];
}

/** An engine with old plugins, by way of the library: their modules run in this process. */
function stand(place: Place, ...names: string[]): Stand {
  const state = place.fresh('state');
  mkdirSync(state);
  const file = place.fresh('calls');
  process.env['CRIUJS_TEST_STATE'] = state;
  process.env['CRIUJS_TEST_CALLS'] = file;
  onTestFinished(() => {
    for (const name of ['STATE', 'CALLS', 'ANSWER']) delete process.env[`CRIUJS_TEST_${name}`];
  });
  const log: LogEntry[] = [];
  const plugins = names.map(pathOf);
  const options = { plugins, loaders: [legacyLoader()], onLog: (entry: LogEntry) => void log.push(entry) };
  let seen = 0;
  return {
    log,
    engine: {
      name: 'criujs with old plugins',
      waitsForPids: true,
      async dump(pid, images) {
        await dump({ pid, images, ...options });
      },
      async restore(images) {
        return (await restore({ images, detach: true, ...options })).pid;
      },
    },
    calls() {
      const all = readFileSync(file, 'utf8').trim().split('\n');
      const fresh = all.slice(seen);
      seen = all.length;
      return fresh.map((line) => JSON.parse(line) as Call);
    },
  };
}

const named = (calls: readonly Call[], name: string): Call[] => calls.filter((call) => call[0] === name);

describe.skipIf(missing)(`plugins of the old structure${missing === null ? '' : ` (${missing})`}`, () => {
  test('dump and restore a device, and are told of everything that the engine tells', async ({ place }) => {
    const target = await place.start(program);
    const pids = target.pids();
    const { engine, calls, log } = stand(place, 'old-device.cjs');
    for (let leg = 0; leg < 2; leg++) {
      await travel(place, target, { by: engine });
      const told = calls();
      const order = told.map(([name]) => name).filter((name, index, all) => name !== all[index - 1]);
      expect(order).toEqual([
        'init',
        'pause_devices',
        'checkpoint_devices',
        'dump_file',
        'dump_devices_late',
        'fini',
        'init',
        'restore_init',
        'restore_file',
        'post_forking',
        'resume_devices_late',
        'fini',
      ]);
      for (const name of ['pause_devices', 'checkpoint_devices', 'resume_devices_late'])
        expect(
          named(told, name)
            .map(([, pid]) => pid)
            .sort(),
          name,
        ).toEqual([...pids].sort());
      expect(named(told, 'dump_devices_late')).toEqual([['dump_devices_late', target.pid]]);
      for (const name of ['init', 'fini']) expect(named(told, name), 'no arguments').toEqual([[name], [name]]);
      for (const name of ['restore_init', 'post_forking']) expect(named(told, name)).toEqual([[name]]);
      const dumped = named(told, 'dump_file');
      expect(dumped.map(([, , path]) => path)).toEqual([device, device]);
      const ids = (list: readonly Call[]): unknown[] => list.map(([, id]) => id).sort();
      expect(ids(named(told, 'restore_file'))).toEqual(ids(dumped));
    }
    await target.finish();

    const name = nameFromPath(pathOf('old-device.cjs'));
    // On a busy machine a run says what it waits for.
    const warnings = log.filter(({ level, message }) => level === 'warn' && !message.startsWith('waiting for'));
    expect(warnings, 'once a run: two dumps and two restores').toHaveLength(4);
    for (const { plugin, message } of warnings) {
      expect(plugin).toBe(name);
      expect(message).toMatch(
        /old-device\.cjs.*cr_plugin_dump_file → hook\('DUMP_EXT_FILE', …\).*from-old-structure\.md/,
      );
      expect(message).toContain(oldStructureEndsIn);
    }
  });

  test('are the providers in the images', async ({ place }) => {
    const target = await place.start(program);
    const { engine } = stand(place, 'old-device.cjs');
    const images = await travel(place, target, { by: engine });
    const { externals } = JSON.parse(readFileSync(`${images}/criujs.json`, 'utf8')) as {
      externals: { file: { provider: unknown } }[];
    };
    const provider = { name: nameFromPath(pathOf('old-device.cjs')), version: '0.1.0' };
    expect(externals.map(({ file }) => file.provider)).toEqual([provider, provider]);
    await target.finish();
  });

  test('that fail leave the target as it was, by the name of function, path and error', async ({ place }) => {
    const target = await place.start(program);
    const who = target.identities();
    const { engine } = stand(place, 'old-device.cjs');
    const answers = [
      [
        '-13',
        { plugin: nameFromPath(pathOf('old-device.cjs')), hook: 'DUMP_EXT_FILE' },
        /cr_plugin_dump_file of .*old-device\.cjs answered -13 \(EACCES\)/,
      ],
      ['7', { code: 'HOOK_FAILED' }, /cr_plugin_dump_file of .*old-device\.cjs answered 7/],
      ['-95', { code: 'UNSUPPORTED' }, /no plugin took it/],
    ] as const;
    for (const [answer, error, message] of answers) {
      process.env['CRIUJS_TEST_ANSWER'] = answer;
      const failure = engine.dump(target.pid, target.images());
      await expect(failure).rejects.toMatchObject({ ...error, message: expect.stringMatching(message) });
      expect(target.identities()).toEqual(who);
      expect(target.held()).toEqual([]);
      await target.advance();
    }
    await target.finish();
  });

  test('a descriptor of C is told stages and outcome, and does the same', async ({ place }) => {
    const target = await place.start(program);
    const { engine, calls } = stand(place, 'descriptor.cjs');
    await travel(place, target, { by: engine });
    const told = calls();
    expect(named(told, 'init')).toEqual([
      ['init', 0],
      ['init', 2],
    ]);
    expect(named(told, 'exit')).toEqual([
      ['exit', 0, 0],
      ['exit', 2, 0],
    ]);
    expect([named(told, 'dump_file').length, named(told, 'restore_file').length]).toEqual([2, 2]);
    await target.finish();
  });
});

const noSocket = [cProgram('external').missing, isRoot ? null : 'needs root'].find((it) => it !== null) ?? null;

describe.skipIf(noSocket)(`unix sockets of somebody outside${noSocket === null ? '' : ` (${noSocket})`}`, () => {
  test('are connected again by an old plugin in camel case, while another one declines', async ({ place }) => {
    const path = place.fresh('service');
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      let rest = '';
      socket.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) socket.write(`${line} yes\n`);
      });
      socket.on('error', () => socket.destroy());
    }).listen(path);
    onTestFinished(() => void server.close());
    await until('the service listens', () => server.listening);
    const target = await place.start(cProgram('external', { SERVICE: path }));
    const { engine, calls } = stand(place, 'old-service.ts', 'old-device.cjs');
    for (let leg = 1; leg <= 2; leg++) {
      // Between two questions: what is on its way in a connection that is cut is lost.
      await target.pause();
      const images = target.images();
      await engine.dump(target.pid, images);
      await untilGone(target.pid);
      target.pid = await engine.restore(images);
      place.track(target.pid);
      await target.resume();
      await target.advance();
      expect(connections).toBe(1 + leg);
      const told = calls();
      const [dumped] = named(told, 'dump_unix_sk');
      expect(dumped?.[2]).toBe(path);
      expect(named(told, 'restore_unix_sk')).toEqual([['restore_unix_sk', dumped?.[1]]]);
    }
    await target.finish();
  });
});
