import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { dump } from '@criujs/core';
import { syscall } from '@criujs/linux';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { listen } from './harness/calls.ts';
import { seekableDevice, unknownDevice } from './harness/devices.ts';
import { criujs, criujsFails } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { processesIn } from './harness/processes.ts';
import { cProgram, type Program } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

const plugin = (name: string): string => fileURLToPath(new URL(`plugins/${name}.ts`, import.meta.url));
const device = unknownDevice ?? '';

interface Call {
  readonly call: string;
  readonly id?: number;
  readonly inode?: number;
  readonly stage?: string;
  readonly ok?: boolean;
  readonly usable?: boolean;
  readonly path?: string;
  readonly flags?: number;
  readonly position?: number;
  readonly rdev?: { readonly major: number; readonly minor: number };
  readonly owner?: { readonly pid: number; readonly signal: number; readonly type: string } | null;
  readonly provider?: { readonly name: string; readonly version: string };
  readonly holders?: readonly { readonly pid: number; readonly fd: number }[];
  readonly peerName?: string;
  readonly state?: string;
}

function holderOf(env: Readonly<Record<string, string>>): Program {
  return { ...cProgram('external'), env };
}

const missing = cProgram('external').missing ?? (unknownDevice ? null : 'no device that the engine does not know');

describe.skipIf(missing)(`a device that the engine does not know: ${missing ?? device}`, () => {
  test('is refused without a plugin, by process, number, device and remedy, and nothing is changed', async ({
    place,
  }) => {
    const target = await place.start(holderOf({ DEVICE: device }));
    const who = target.identities();
    const images = target.images();
    const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', images]);
    expect(failure).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    const seven = failure.refusals?.find(({ pid, resource }) => pid === target.pid && /\b7\b/.test(resource));
    expect(seven?.resource).toContain(device);
    expect(seven?.remedy).toContain('DUMP_EXT_FILE');
    expect(
      failure.refusals?.some(({ resource }) => /\b50\b/.test(resource)),
      'everything is in one error',
    ).toBe(true);
    expect(target.identities()).toEqual(who);
    expect(target.held()).toEqual([]);
    expect(existsSync(`${images}/inventory.img`)).toBe(false);
    await target.advance();
    await target.finish();
  });

  test.skipIf(!isRoot)(
    'is asked for once a file, whoever holds it, and is the same file for all of them afterwards',
    async ({ place }) => {
      const target = await place.start(holderOf({ DEVICE: device }));
      const [root = 0, ...children] = target.pids();
      for (let leg = 0; leg < 2; leg++) {
        const { env, calls } = listen<Call>(place);
        const more = ['--plugin', plugin('device')];
        await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });

        const dumped = calls().filter(({ call }) => call === 'dump');
        expect(dumped, 'two open files').toHaveLength(2);
        const shared = dumped.find(({ holders = [] }) => holders.length > 1);
        const numbers = shared?.holders?.map(({ pid, fd }) => `${pid === root ? 'root' : children.indexOf(pid)}:${fd}`);
        expect(numbers?.sort()).toEqual(['0:33', '0:7', '1:7', 'root:20', 'root:7']);
        expect(shared).toMatchObject({ usable: true, path: device, owner: { pid: root, signal: 44, type: 'process' } });
        const other = dumped.find(({ id }) => id !== shared?.id);
        expect(other).toMatchObject({ path: device, owner: null, holders: [{ pid: root, fd: 50 }] });

        const restored = calls().filter(({ call }) => call === 'restore');
        expect(restored.map(({ id }) => id).sort()).toEqual(dumped.map(({ id }) => id).sort());
        for (const { id, flags, position, provider } of restored) {
          const before = dumped.find((call) => call.id === id);
          expect({ flags, position }).toEqual({ flags: before?.flags, position: before?.position });
          expect(provider).toEqual({ name: 'test-device', version: '1.2.3' });
        }
        const life = calls().filter(({ call }) => call === 'init' || call === 'exit');
        expect(life.map(({ call, stage, ok }) => `${call} ${stage}${ok === undefined ? '' : ` ${ok}`}`)).toEqual([
          'init dump',
          'exit dump true',
          'init restore',
          'exit restore true',
        ]);
      }
      await target.finish();
    },
  );

  test.skipIf(!(isRoot && seekableDevice))('keeps its position', async ({ place }) => {
    const target = await place.start(holderOf({ SEEKABLE: seekableDevice ?? '' }));
    const { env, calls } = listen<Call>(place);
    const more = ['--plugin', plugin('device')];
    await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });
    const [dumped] = calls().filter(({ call }) => call === 'dump');
    expect(dumped).toMatchObject({ path: seekableDevice, position: 64, holders: [{ fd: 60 }, { fd: 60 }, { fd: 60 }] });
    await target.finish();
  });

  test.skipIf(!isRoot)(
    'is not restored without its plugin, which the error names; with it, all is well',
    async ({ place }) => {
      const target = await place.start(holderOf({ DEVICE: device }));
      const images = target.images();
      const more = ['--plugin', plugin('device')];
      await criujs.dump(target.pid, images, { more });
      const failure = await criujsFails(['restore', '-D', images, '--detach']);
      expect(failure).toMatchObject({ code: 'PLUGIN_MISSING', exitCode: 4, plugin: 'test-device' });
      expect(`${failure.message} ${failure.remedy}`).toMatch(/test-device.*1\.2\.3/s);
      expect(processesIn(target.directory), 'nothing is half restored').toEqual([]);
      place.track(await criujs.restore(images, { more }));
      await target.advance();
      await target.finish();
    },
  );
});

/** Answers every line with the same line and a word; knows how often somebody came. */
async function serve(path: string): Promise<{ readonly connections: () => number; close(): void }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
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
  return { connections: () => connections, close: () => void server.close() };
}

describe.skipIf(cProgram('external').missing)('a unix socket of somebody outside', () => {
  test.skipIf(!isRoot)('is connected again by the plugin, once, for everybody who had it', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start(holderOf({ SERVICE: path }));
      const { env, calls } = listen<Call>(place);
      const more = ['--plugin', plugin('service')];
      for (let leg = 1; leg <= 2; leg++) {
        await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });
        expect(service.connections()).toBe(1 + leg);
      }
      const dumped = calls().filter(({ call }) => call === 'dump socket');
      expect(dumped).toHaveLength(2);
      expect(dumped[0]).toMatchObject({ usable: true, peerName: path, state: 'connected' });
      expect(calls().filter(({ call }) => call === 'restore socket')).toHaveLength(2);
      await target.finish();
    } finally {
      service.close();
    }
  });

  test.skipIf(!isRoot)('has its name again: what the ended program left of it is out of the way', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start(holderOf({ SERVICE: path, NAME: place.fresh('client') }));
      const more = ['--plugin', plugin('service')];
      for (let leg = 1; leg <= 2; leg++) {
        await travel(place, target, { by: criujs, dump: { more }, restore: { more } });
        expect(service.connections()).toBe(1 + leg);
      }
      await target.finish();
    } finally {
      service.close();
    }
  });

  test('is refused without a plugin, and the conversation goes on', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start(holderOf({ SERVICE: path }));
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images()]);
      expect(failure).toMatchObject({ code: 'UNSUPPORTED' });
      expect(JSON.stringify(failure.refusals)).toContain('DUMP_UNIX_SK');
      await target.advance();
      expect(service.connections()).toBe(1);
      await target.finish();
    } finally {
      service.close();
    }
  });

  test('is refused when no loaded plugin could connect it again, and the conversation goes on', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start(holderOf({ SERVICE: path }));
      const images = place.fresh('images');
      const plugins = [definePlugin({ name: 'hub', hooks: [hook('DUMP_UNIX_SK', () => undefined)] })];
      await expect(dump({ pid: target.pid, images, plugins })).rejects.toMatchObject({
        code: 'UNSUPPORTED',
        plugin: 'hub',
        hook: 'RESTORE_UNIX_SK',
        message: expect.stringContaining('unix socket'),
      });
      expect(target.held()).toEqual([]);
      expect(existsSync(images)).toBe(false);
      await target.advance();
      expect(service.connections()).toBe(1);
      await target.finish();
    } finally {
      service.close();
    }
  });

  test.skipIf(!(isRoot && !missing))('travels beside a device, each with its own plugin', async ({ place }) => {
    const path = place.fresh('service');
    const service = await serve(path);
    try {
      const target = await place.start(holderOf({ SERVICE: path, DEVICE: device }));
      const more = ['--plugin', plugin('service'), '--plugin', plugin('device')];
      await travel(place, target, { by: criujs, dump: { more }, restore: { more } });
      await target.finish();
    } finally {
      service.close();
    }
  });
});

function perfMissing(): string | null {
  if (cProgram('perf').missing) return cProgram('perf').missing;
  if (!isRoot) return 'needs root';
  try {
    syscall('perf_event_open', 0, -1, 0, -1, 0);
    return null;
  } catch (error) {
    // A bad address is what an allowed call says to no attributes.
    return (error as { code?: string }).code === 'EFAULT' ? null : 'perf_event_open is not permitted';
  }
}

describe('a perf event with a memory map', () => {
  const reason = perfMissing();
  test.skipIf(reason)(
    `is made again from the plugin's descriptor${reason ? ` (${reason})` : ''}`,
    async ({ place }) => {
      const target: Target = await place.start(cProgram('perf'));
      const { env, calls } = listen<Call>(place);
      const more = ['--plugin', plugin('perf')];
      for (let leg = 1; leg <= 2; leg++) {
        await travel(place, target, { by: criujs, dump: { more }, restore: { more }, how: { env } });
      }
      expect(calls().map(({ call }) => call)).toEqual(['dump', 'restore', 'dump', 'restore']);
      await target.finish();
    },
  );
});
