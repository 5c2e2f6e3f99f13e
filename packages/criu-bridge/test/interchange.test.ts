import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { listen } from '../../core/test/harness/calls.ts';
import { mappableDevice, unknownDevice } from '../../core/test/harness/devices.ts';
import { criujs, criujsCommand } from '../../core/test/harness/engines.ts';
import { travel } from '../../core/test/harness/legs.ts';
import { criu, criuMissing } from '../../core/test/harness/machine.ts';
import { type Place, test } from '../../core/test/harness/place.ts';
import { cProgram, tree } from '../../core/test/harness/programs.ts';
import type { Target } from '../../core/test/harness/target.ts';
import { until } from '../../core/test/harness/wait.ts';

// Images mean the same under both engines, with the same plugin: what one dumped, the other restores.

const missing = criuMissing() ?? cProgram('external').missing;
const device = unknownDevice ?? '';

const embedded: readonly string[] = [];
const byCriu: readonly string[] = ['--engine', 'criu', '--criu-bin', criu ?? ''];
const routes = [
  { name: 'CRIU to CRIU', dumper: byCriu, restorer: byCriu },
  { name: 'CRIU to ours', dumper: byCriu, restorer: embedded },
  { name: 'ours to CRIU', dumper: embedded, restorer: byCriu },
] as const;

const pluginsOf = (...paths: string[]): string[] =>
  paths.flatMap((path) => ['--plugin', fileURLToPath(new URL(path, import.meta.url))]);
const devices = pluginsOf('../../core/test/plugins/device.ts');
const mapped = pluginsOf('../../core/test/plugins/mapped.ts');
const services = pluginsOf('../../core/test/plugins/service.ts');
const observers = pluginsOf('plugins/observer.ts');

interface Call {
  readonly call: string;
  readonly pid?: number;
  readonly id?: number;
  readonly [more: string]: unknown;
}

/** Answers every line with the same line and a word. */
async function serve(path: string): Promise<Server> {
  const server = createServer((socket) => {
    let rest = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) socket.write(`${line} yes\n`);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(path);
  await until('the service listens', () => server.listening);
  return server;
}

type Route = (typeof routes)[number];

function legOf(
  place: Place,
  target: Target,
  { dumper, restorer }: Route,
  plugins: string[],
  env = {},
): Promise<string> {
  const dump = { more: [...plugins, ...dumper] };
  return travel(place, target, { by: criujs, dump, restore: { more: [...plugins, ...restorer] }, how: { env } });
}

describe.skipIf(missing)(missing ?? 'images of both engines', () => {
  for (const route of routes) {
    test.skipIf(device === '')(`external files: ${route.name}`, async ({ place }) => {
      const target = await place.start({ ...cProgram('external'), env: { DEVICE: device } });
      const [root = 0, ...children] = target.pids();
      const { env, calls } = listen<Call>(place);
      const images = await legOf(place, target, route, devices, env);

      const dumped = calls('dump');
      expect(dumped).toHaveLength(2);
      for (const file of dumped) expect(file).toMatchObject({ usable: true, path: device, kind: 'character' });
      const restored = calls('restore');
      expect(restored.map(({ id }) => id).sort()).toEqual(dumped.map(({ id }) => id).sort());
      for (const { id, flags, position, provider } of restored) {
        const before = dumped.find((it) => it.id === id);
        expect({ flags, position }).toEqual({ flags: before?.['flags'], position: before?.['position'] });
        expect(provider).toEqual({ name: 'test-device', version: '1.2.3' });
      }
      const holders = restored.map((it) => it['holders'] as { pid: number; fd: number }[]);
      const shared = holders
        .find((it) => it.length > 1)
        ?.map(({ pid, fd }) => `${pid === root ? 'root' : children.indexOf(pid)}:${fd}`);
      expect(shared?.sort()).toEqual(['0:33', '0:7', '1:7', 'root:20', 'root:7']);

      const shown = JSON.parse((await criujsCommand(['show', images, '--json'])).stdout);
      expect(shown).toMatchObject({
        inventory: { plugins: ['test-device'], loaded: [{ name: 'test-device' }] },
        problems: [],
      });
      const files = shown.files.filter((it: { provider: unknown }) => it.provider !== null);
      expect(files).toHaveLength(2);
      for (const file of files)
        expect(file).toMatchObject({ name: device, provider: { name: 'test-device', version: '1.2.3' } });
      await target.finish();
    });

    test.skipIf(mappableDevice === null)(`a mapped device: ${route.name}`, async ({ place }) => {
      const path = mappableDevice ?? '';
      const target = await place.start({ ...cProgram('mapped'), env: { DEVICE: path } });
      const { env, calls } = listen<Call>(place);
      await legOf(place, target, route, mapped, env);
      const [dumped] = calls('dump');
      expect(dumped).toMatchObject({ rdev: { major: 7, minor: 0 } });
      const offsets = calls('restore').map((it) => ({ path: it['path'], offset: it['oldOffset'] }));
      expect(offsets).toHaveLength(2);
      expect(offsets).toEqual(expect.arrayContaining([0, 4096].map((offset) => ({ path, offset }))));
      await target.finish();
    });

    test(`a unix socket of somebody outside: ${route.name}`, async ({ place }) => {
      const path = place.fresh('service');
      const service = await serve(path);
      try {
        const target = await place.start({ ...cProgram('external'), env: { SERVICE: path } });
        const { env, calls } = listen<Call>(place);
        const images = await legOf(place, target, route, services, env);
        expect(calls('dump socket')).toMatchObject([
          { usable: true, peerName: path, state: 'connected', type: 'stream' },
        ]);
        expect(calls('restore socket')).toMatchObject([{ peerName: path, inode: calls('dump socket')[0]?.['inode'] }]);
        const shown = JSON.parse((await criujsCommand(['show', images, '--json'])).stdout);
        expect(shown.problems).toEqual([]);
        expect(shown.files.filter((it: { provider: unknown }) => it.provider !== null)).toMatchObject([
          { provider: { name: 'test-service' }, holders: expect.arrayContaining([{ pid: target.pid, fd: 70 }]) },
        ]);
        await target.finish();
      } finally {
        service.close();
      }
    });

    test(`observers: ${route.name}`, async ({ place }) => {
      const target = await place.start(tree);
      const pids = target.pids().sort();
      const { env, calls } = listen<Call>(place);
      await legOf(place, target, route, observers, env);
      for (const name of ['pause', 'checkpoint', 'resume']) {
        expect(
          calls(name).map(({ pid }) => pid),
          name,
        ).toEqual(expect.arrayContaining(pids));
      }
      await target.finish();
    });
  }

  test.skipIf(device === '')('a journey through both, with both plugins', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start({ ...cProgram('external'), env: { SERVICE: path, DEVICE: device } });
      for (const route of routes) await legOf(place, target, route, [...devices, ...services, ...observers]);
      await target.finish();
    } finally {
      service.close();
    }
  });
});
