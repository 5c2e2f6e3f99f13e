import { mkdirSync, mkdtempSync, opendirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { dump, type LogEntry, restore } from '@criujs/core';
import { legacyLoader, nameFromPath } from '@criujs/legacy-compat';
import { describe, expect, onTestFinished } from 'vitest';
import { runWell } from '../../core/test/harness/command.ts';
import { mappableDevice, unknownDevice } from '../../core/test/harness/devices.ts';
import { bin, criujs, criujsCommand, criujsFails, type Engine, realCriu } from '../../core/test/harness/engines.ts';
import { travel } from '../../core/test/harness/legs.ts';
import { criu, criuMissing, isRoot, root } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { processesIn, untilGone } from '../../core/test/harness/processes.ts';
import { counter, cProgram } from '../../core/test/harness/programs.ts';
import type { Target } from '../../core/test/harness/target.ts';
import { until } from '../../core/test/harness/wait.ts';
import { blocksOf } from './blocks.ts';
import { childrenOf } from './children.ts';
import { compilePlugin } from './compile.ts';

// Compiled plugins in real dumps and restores of real processes: by our engine, by CRIU with the same libraries, and by one
// after the other.

const device = unknownDevice ?? '';
const program = cProgram('external', { DEVICE: device });

function firstOf(reasons: readonly (string | null)[]): string | null {
  return reasons.find((it) => it !== null) ?? null;
}
const missing = firstOf([
  program.missing,
  isRoot ? null : 'needs root',
  unknownDevice ? null : 'no device that the engine does not know',
]);
const noSocket = firstOf([program.missing, isRoot ? null : 'needs root']);
const noCriu = criuMissing();
const titled = (title: string, reason: string | null): string => (reason === null ? title : `${title} (${reason})`);

/** Plugins as CRIU has them: libraries in a directory, asked in the order in which it lists them. */
interface Libraries {
  readonly directory: string;
  readonly paths: readonly string[];
}

function libraries(place: Place, names: readonly string[]): Libraries {
  const directory = place.fresh('plugins');
  mkdirSync(directory);
  for (const name of names) compilePlugin(name, directory);
  const paths: string[] = [];
  const open = opendirSync(directory);
  for (let entry = open.readSync(); entry !== null; entry = open.readSync()) paths.push(join(directory, entry.name));
  open.closeSync();
  return { directory, paths };
}

/** An engine, and what the plugins in it said since the last time. */
interface Stand {
  readonly engine: Engine;
  said(): string[];
}

function ours({ paths: plugins }: Libraries): Stand & { readonly log: LogEntry[] } {
  const log: LogEntry[] = [];
  const options = { plugins, loaders: [legacyLoader()], onLog: (entry: LogEntry) => void log.push(entry) };
  let seen = 0;
  return {
    log,
    engine: {
      name: 'criujs with compiled plugins',
      waitsForPids: true,
      async dump(pid, images) {
        await dump({ pid, images, ...options });
      },
      async restore(images) {
        return (await restore({ images, detach: true, ...options })).pid;
      },
    },
    said() {
      const fresh = log.slice(seen).filter(({ level }) => level === 'info');
      seen = log.length;
      return fresh.map(({ message }) => message);
    },
  };
}

function theirs({ directory }: Libraries): Stand {
  const env = { CRIU_LIBS_DIR: directory };
  const logs: string[] = [];
  return {
    engine: {
      ...realCriu,
      async dump(pid, images, leg) {
        logs.push(join(images, 'dump.log'));
        await realCriu.dump(pid, images, leg, { env });
      },
      async restore(images, leg) {
        logs.push(join(images, 'restore.log'));
        return realCriu.restore(images, leg, { env });
      },
    },
    said: () => logs.splice(0).flatMap(pluginLines),
  };
}

/** `(00.012345)   1234: ext-file: …`: a time, and a pid where a restored task speaks. */
function pluginLines(path: string): string[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap(
    (line) =>
      /^\(\d+\.\d+\)\s+(?:\d+: )?((?:trivial|ext-file|old-file|unix-socket|device-map): .*)$/.exec(line)?.[1] ?? [],
  );
}

/** Ids, inodes and pids are another run's numbers: here they are told by when they first occurred. */
function comparable(lines: readonly string[], target: Target): string[] {
  const ids: string[] = [];
  const pids = target.pids();
  const plain = lines.map((line) =>
    line
      .replace(/0x[0-9a-f]+|(?<=unix_sk )\d+/g, (id) => {
        if (!ids.includes(id)) ids.push(id);
        return `id ${ids.indexOf(id) + 1}`;
      })
      .replace(/(?<=devices(?:_late)? )\d+$/, (pid) => `process ${pids.indexOf(Number(pid)) + 1}`),
  );
  // Restored tasks run side by side.
  return plain.sort();
}

/** A dump and a restore, and what plugins said meanwhile. */
async function runs({ engine, said }: Stand, place: Place, target: Target): Promise<string[]> {
  await travel(place, target, { by: engine });
  return comparable(said(), target);
}

describe.skipIf(missing)(titled('a device through a compiled plugin', missing), () => {
  describe.each(['ext-file', 'old-file'])('%s', (plugin) => {
    test('is dumped and restored, twice, by the embedded engine', async ({ place }) => {
      const target = await place.start(program);
      const stand = ours(libraries(place, ['trivial', plugin]));
      for (let leg = 0; leg < 2; leg++) {
        const said = await runs(stand, place, target);
        for (const what of ['keeps', 'brings back'])
          expect(said.filter((line) => line.startsWith(`${plugin}: ${what} ${device}`))).toHaveLength(2);
        expect(said.filter((line) => line.startsWith('trivial: pause_devices'))).toEqual(
          [1, 2, 3].map((number) => `trivial: pause_devices process ${number}`),
        );
        expect(childrenOf(process.pid), 'no process of a plugin is left').toEqual([]);
      }
      await target.finish();
      // On a busy machine a run says what it waits for.
      const warnings = stand.log.filter(({ level, message }) => level === 'warn' && !message.startsWith('waiting for'));
      expect(warnings, 'of the old structure each run is told').toHaveLength(plugin === 'old-file' ? 4 : 0);
    });

    test.skipIf(noCriu)(titled('is asked the same by CRIU', noCriu), async ({ place }) => {
      const plugins = libraries(place, ['trivial', plugin]);
      const seen: string[][] = [];
      for (const stand of [ours(plugins), theirs(plugins)]) {
        const target = await place.start(program);
        seen.push(await runs(stand, place, target));
        await target.finish();
      }
      expect(seen[0]?.length).toBeGreaterThan(10);
      // criujs knows who dumped a file, and asks that plugin first.
      const [own = [], real = []] = seen.map((said) => said.filter((line) => !line.startsWith('trivial: restore_ext')));
      expect(own).toEqual(real);
      expect(seen[0]).toEqual(own);
    });

    test.skipIf(noCriu)(titled('that the embedded engine dumped is restored by CRIU', noCriu), async ({ place }) => {
      const plugins = libraries(place, ['trivial', plugin]);
      const target = await place.start(program);
      await travel(place, target, { by: ours(plugins).engine, restoredBy: theirs(plugins).engine });
      await target.finish();
    });

    test.skipIf(noCriu)(titled('that CRIU dumped is restored by the embedded engine', noCriu), async ({ place }) => {
      const plugins = libraries(place, ['trivial', plugin]);
      const target = await place.start(program);
      await travel(place, target, { by: theirs(plugins).engine, restoredBy: ours(plugins).engine });
      await target.finish();
    });
  });

  test.skipIf(noCriu)(
    titled('in its own process, it is asked by CRIU itself, through the bridge', noCriu),
    async ({ place }) => {
      const target = await place.start(program);
      const plugins = libraries(place, ['ext-file']);
      const engine = ['--engine', 'criu', '--criu-bin', criu ?? ''];
      const more = ['--plugin', plugins.paths[0] ?? ''];
      const by = (name: string, leg: readonly string[]): Engine => ({
        ...criujs,
        name,
        dump: (pid, images) => criujs.dump(pid, images, { more: [...more, ...leg] }),
        restore: (images) => criujs.restore(images, { more: [...more, ...leg] }),
      });
      const [embedded, bridged] = [by('criujs', []), by('criujs with CRIU', engine)];
      await travel(place, target, { by: bridged, restoredBy: embedded });
      await travel(place, target, { by: embedded, restoredBy: bridged });
      await travel(place, target, { by: bridged, restoredBy: theirs(plugins).engine });
      await target.finish();
    },
  );

  test('the plugin is the provider, and what it kept is its part of the images', async ({ place }) => {
    const target = await place.start(program);
    const plugins = libraries(place, ['old-file']);
    const images = await travel(place, target, { by: ours(plugins).engine });
    const [path = ''] = plugins.paths;
    const provider = { name: nameFromPath(path), version: '0.1.0' };
    const { externals } = JSON.parse(readFileSync(join(images, 'criujs.json'), 'utf8')) as {
      externals: { file: { provider: unknown } }[];
    };
    expect(externals.map(({ file }) => file.provider)).toEqual([provider, provider]);
    const shown = await criujsCommand(['show', images]);
    expect(shown.stdout).toContain('old-file-');
    await target.finish();
  });

  for (const [how, message, code] of [
    ['crash', 'was ended by SIGSEGV', 'HOOK_FAILED'],
    ['hang', 'did not answer', 'HOOK_TIMEOUT'],
    ['5', 'answered 5', 'HOOK_FAILED'],
  ] as const) {
    test(`a plugin that does ${how} fails the dump, and the target runs on as it was`, async ({ place }) => {
      const target = await place.start(program);
      const who = target.identities();
      const { paths } = libraries(place, ['misbehaves']);
      const args = [
        'dump',
        '-t',
        String(target.pid),
        '-D',
        target.images(),
        '--plugin',
        paths[0] ?? '',
        '--hook-deadline',
        '1000',
      ];
      const failure = await criujsFails(args, { env: { MISBEHAVE: `${how}:dump` } });
      expect(failure).toMatchObject({ code, exitCode: 4, plugin: 'misbehaves', hook: 'DUMP_EXT_FILE' });
      expect(failure.message).toContain(message);
      expect(target.identities()).toEqual(who);
      expect(target.held()).toEqual([]);
      await target.advance();
      await target.finish();
    });

    test(`a plugin that does ${how} fails the restore, and nothing is left half restored`, async ({ place }) => {
      const target = await place.start(program);
      const { paths } = libraries(place, ['misbehaves']);
      const more = ['--plugin', paths[0] ?? '', '--hook-deadline', '1000'];
      const images = target.images();
      const dumped = await criujsCommand(['dump', '-t', String(target.pid), '-D', images, ...more]);
      expect(dumped.code, dumped.stderr).toBe(0);
      const env = { MISBEHAVE: `${how === '5' ? 'n' : how}:restore` };
      const failure = await criujsFails(['restore', '-D', images, '--detach', ...more], { env });
      expect(failure).toMatchObject({ code, exitCode: 4, plugin: 'misbehaves', hook: 'RESTORE_EXT_FILE' });
      expect(processesIn(target.directory)).toEqual([]);
    });
  }

  test('a dump that is refused keeps the older one, and a dump that is not replaces all of it', async ({ place }) => {
    const target = await place.start(program);
    const { paths } = libraries(place, ['ext-file']);
    const images = target.images();
    const args = ['dump', '-t', String(target.pid), '-D', images, '--leave-running', '--force'];
    const more = [...args, '--plugin', paths[0] ?? ''];
    const kept = (): string[] => readdirSync(images).filter((name) => name.startsWith('ext-file-'));
    expect((await criujsCommand(more)).code).toBe(0);
    const before = readdirSync(images, { recursive: true });
    expect(kept()).toHaveLength(2);

    // Nobody takes the device.
    const declining = compilePlugin('trivial', place.fresh('plugin'));
    expect(await criujsFails([...args, '--plugin', declining])).toMatchObject({ code: 'UNSUPPORTED' });
    expect(readdirSync(images, { recursive: true }).sort()).toEqual(before.sort());
    // Each of the two files has two names: both go.
    expect((await criujsCommand(more)).code).toBe(0);
    expect(readdirSync(images, { recursive: true }).sort()).toEqual(before.sort());
    expect(kept()).toHaveLength(2);
    await target.finish();
  });

  test('the command line takes one, and names it where it is missing', async ({ place }) => {
    const target = await place.start(program);
    const { paths } = libraries(place, ['ext-file']);
    const more = ['--plugin', paths[0] ?? ''];
    const pid = String(target.pid);
    const planned = await criujsCommand(['plan', '-t', pid, ...more, '--json']);
    expect(planned.code).toBe(0);
    expect(planned.stdout).toContain('"ext-file"');
    const images = target.images();
    const dumped = await criujsCommand(['dump', '-t', pid, '-D', images, '-v', ...more]);
    expect(dumped.stderr).toContain(`ext-file: keeps ${device}`);
    expect(dumped.stdout).toContain('plugins: ext-file');
    const failure = await criujsFails(['restore', '-D', images, '--detach']);
    expect(failure).toMatchObject({ code: 'PLUGIN_MISSING', exitCode: 4, plugin: 'ext-file' });
    await untilGone(target.pid);
    const restored = await criujsCommand(['restore', '-D', images, '--detach', '--json', ...more]);
    expect(restored.code, restored.stderr).toBe(0);
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });
});

const noMap = firstOf([noSocket, mappableDevice === null ? 'no device that may be mapped' : null]);

describe.skipIf(noMap)(titled('a mapped device through a compiled plugin', noMap), () => {
  const mapped = cProgram('mapped', { DEVICE: mappableDevice ?? '' });

  test('is mapped again by the embedded engine', async ({ place }) => {
    const target = await place.start(mapped);
    const stand = ours(libraries(place, ['device-map']));
    const said = await runs(stand, place, target);
    expect(said).toEqual([
      `device-map: maps ${mappableDevice} again from 0`,
      `device-map: maps ${mappableDevice} again from 4096`,
      'device-map: takes maps of 7:0',
    ]);
    expect(childrenOf(process.pid), 'no process of a plugin is left').toEqual([]);
    await target.finish();
  });

  test.skipIf(noCriu)(titled('is asked the same by CRIU, in all directions', noCriu), async ({ place }) => {
    const plugins = libraries(place, ['device-map']);
    const [own, real] = [ours(plugins), theirs(plugins)];
    const seen: ReadonlySet<string>[] = [];
    for (const [by, restoredBy] of [
      [own, own],
      [real, real],
      [own, real],
      [real, own],
    ] as const) {
      // A new one each: maps that were made again are alike, and of such CRIU leaves the second one's descriptor open.
      const target = await place.start(mapped);
      await travel(place, target, { by: by.engine, restoredBy: restoredBy.engine });
      await target.finish();
      // CRIU asks for each map, criujs for each device.
      seen.push(new Set([...own.said(), ...real.said()]));
    }
    expect(seen[0]?.size).toBe(3);
    for (const said of seen) expect(said).toEqual(seen[0]);
  });
});

const noTarget = firstOf([counter.missing, isRoot ? null : 'needs root']);

describe.skipIf(noTarget)(
  titled('a compiled plugin that calls add_inventory_plugin and does nothing else', noTarget),
  () => {
    const stands = noCriu === null ? [ours, theirs] : [ours];
    test('is needed by whatever engine restores, whichever dumped', async ({ place }) => {
      const plugins = libraries(place, ['needed']);
      const other = libraries(place, ['trivial']);
      for (const dumpedBy of stands) {
        for (const restoredBy of stands) {
          const target = await place.start(counter);
          const images = target.images();
          await dumpedBy(plugins).engine.dump(target.pid, images);
          await untilGone(target.pid);
          const bridged = noCriu === null ? [['--engine', 'criu', '--criu-bin', criu ?? '']] : [];
          for (const more of [[], ...bridged]) {
            expect(await criujsFails(['restore', '-D', images, '--detach', ...more])).toMatchObject({
              code: 'PLUGIN_MISSING',
              exitCode: 4,
              plugin: dumpedBy === ours ? 'needed-plugin' : 'needed_plugin',
            });
          }
          // CRIU asks for it once it has loaded any plugin at all.
          if (noCriu === null) await expect(theirs(other).engine.restore(images)).rejects.toThrow(/criu restore ended/);
          expect(processesIn(target.directory)).toEqual([]);
          place.track(await restoredBy(plugins).engine.restore(images));
          await target.advance();
          await target.finish();
        }
      }
    });

    test.skipIf(noCriu)(titled('answers for itself where CRIU loads it', noCriu), async ({ place }) => {
      const { paths } = libraries(place, ['needed']);
      const more = ['--engine', 'criu', '--criu-bin', criu ?? '', '--native-plugin', paths[0] ?? ''];
      const target = await place.start(counter);
      const images = target.images();
      await criujs.dump(target.pid, images, { more });
      await untilGone(target.pid);
      place.track(await criujs.restore(images, { more }));
      await target.advance();
      await target.finish();
    });
  },
);

/** Both engines with the same library; `criu` null: CRIU goes on as if nothing were wrong. */
const failures: readonly {
  readonly plugin: string;
  readonly misbehave?: string;
  readonly criu: RegExp | null;
  readonly code: string;
  readonly message: RegExp;
}[] = [
  { plugin: 'too-many-hooks', criu: /Corrupted plugin/, code: 'PLUGIN_INVALID', message: /declares 99 hooks/ },
  { plugin: 'too-new', criu: /Corrupted plugin/, code: 'PLUGIN_INVALID', message: /0\.3\.0, newer than/ },
  // CRIU loads these two, and then lacks somebody who takes the device.
  { plugin: 'no-symbols', criu: /Can't dump file/, code: 'PLUGIN_INVALID', message: /CR_PLUGIN_DESC/ },
  { plugin: 'unknown-symbols', criu: /Can't dump file/, code: 'PLUGIN_INVALID', message: /needs one_more_function/ },
  {
    plugin: 'misbehaves',
    misbehave: '-:init',
    criu: /Failed in init/,
    code: 'PLUGIN_INIT_FAILED',
    message: /init of .* answered -13 \(EACCES\)/,
  },
  {
    plugin: 'misbehaves',
    misbehave: '-:dump',
    criu: /Dump files .* failed|Dumping FAILED/,
    code: 'HOOK_FAILED',
    message: /DUMP_EXT_FILE of .* answered -13 \(EACCES\)/,
  },
  { plugin: 'misbehaves', misbehave: '5:dump', criu: null, code: 'HOOK_FAILED', message: /answered 5$/ },
];

describe.skipIf(missing ?? noCriu)(titled('a plugin that cannot work', missing ?? noCriu), () => {
  for (const { plugin, misbehave, criu, code, message } of failures) {
    const title = misbehave === undefined ? plugin : `${plugin} (${misbehave})`;
    test(`${title}: what becomes of it here, and under CRIU`, async ({ place }) => {
      const target = await place.start(program);
      const plugins = libraries(place, [plugin]);
      const who = target.identities();
      const env = { MISBEHAVE: misbehave ?? '', CRIU_LIBS_DIR: plugins.directory };
      const more = ['--leave-running', '--plugin', plugins.paths[0] ?? ''];
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images(), ...more], { env });
      expect(failure).toMatchObject({ code, exitCode: 4, message: expect.stringMatching(message) });

      const dumped = realCriu.dump(target.pid, target.images(), { leaveRunning: true }, { env });
      if (criu === null) await dumped;
      else await expect(dumped).rejects.toThrow(criu);
      expect(target.identities(), 'it runs on in both cases').toEqual(who);
      expect(target.held()).toEqual([]);
      await target.advance();
      await target.finish();
    });
  }
});

describe.skipIf(missing)(titled('the guide', missing), () => {
  test('is right: a compiled plugin dumps and restores a program with a device', async ({ place }) => {
    // Inside the checkout, so that the headers are found.
    const folder = mkdtempSync(join(root, '.cache', 'compiled-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const guide = readFileSync(join(root, 'docs', 'guides', 'from-old-structure.md'), 'utf8');
    for (const [name, code] of blocksOf(guide)) writeFileSync(join(folder, name), code);
    writeFileSync(join(folder, 'criujs'), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`, { mode: 0o755 });
    const target = await place.start(program);
    const env = { PATH: `${folder}:${process.env['PATH']}`, PID: String(target.pid), KEEPER_DEVICE: device };
    for (const script of ['compile.sh', 'use-compiled.sh']) await runWell(['sh', '-e', script], { cwd: folder, env });
    place.track(target.pid);
    await target.advance();
    await target.finish();
  });
});

describe.skipIf(noSocket)(titled('a connection through a compiled plugin', noSocket), () => {
  test('is made again, and CRIU asks the same', async ({ place }) => {
    const service = await serve(place);
    const plugins = libraries(place, ['unix-socket']);
    const seen: string[][] = [];
    for (const stand of noCriu === null ? [ours(plugins), theirs(plugins)] : [ours(plugins)]) {
      const target = await place.start(cProgram('external', { SERVICE: service.path }));
      await target.pause();
      // Between two questions: what is on its way in a connection that is cut is lost.
      const images = target.images();
      const connections = service.connections();
      await stand.engine.dump(target.pid, images);
      await untilGone(target.pid);
      target.pid = await stand.engine.restore(images);
      place.track(target.pid);
      await target.resume();
      await target.advance();
      expect(service.connections()).toBe(connections + 1);
      seen.push(comparable(stand.said(), target));
      await target.finish();
    }
    expect(seen[0]).toEqual([
      `unix-socket: connects to ${service.path} again`,
      `unix-socket: keeps the connection to ${service.path}`,
    ]);
    for (const other of seen) expect(other).toEqual(seen[0]);
  });
});

/** Answers every line with the same line and a word. */
async function serve(place: Place): Promise<{ readonly path: string; connections(): number }> {
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
  return { path, connections: () => connections };
}
