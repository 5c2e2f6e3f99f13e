import { dump, plan, restore } from '@criujs/core';
import { arena, syscall } from '@criujs/linux';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { criujs, criujsFails, realCriu } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { criuMissing, isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { untilGone } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import { until } from './harness/wait.ts';

const missing =
  cProgram('outlet').missing ?? (isRoot ? null : 'needs root: what was dumped must come back with its pid');
const more = ['--ext-unix-sk'];
const asked = { dump: { more }, restore: { more } } as const;

describe.skipIf(missing)(missing ?? 'a datagram socket that leads to a name outside of the tree', () => {
  test('is refused without the option, which the refusal names; with it what is sent arrives', async ({ place }) => {
    const at = place.fresh('log');
    const server = await place.start(cProgram('outlet', { OUTLET_AT: at, OUTLET_SERVER: '1' }));
    const target = await place.start(cProgram('outlet', { OUTLET_AT: at }));
    const images = target.images();
    const dump = await criujsFails(['dump', '-t', `${target.pid}`, '-D', images]);
    expect(dump).toMatchObject({ code: 'UNSUPPORTED', exitCode: 3 });
    expect(dump.refusals?.[0]?.remedy).toMatch(/--ext-unix-sk/);
    for (let leg = 0; leg < 2; leg++) {
      await travel(place, target, { by: criujs, ...asked });
      await server.advance();
    }

    await criujs.dump(target.pid, images, { more });
    const restore = await criujsFails(['restore', '-D', images, '--detach']);
    expect(restore).toMatchObject({ code: 'UNSUPPORTED' });
    expect(restore.remedy).toMatch(/--ext-unix-sk/);
    await server.finish();
    expect(await criujsFails(['restore', '-D', images, '--detach', ...more])).toMatchObject({
      code: 'FILE_MISSING',
      resource: at,
    });
  });

  for (const way of ['takes it', 'declines'] as const) {
    test(`plugins are asked for it first, also with the option: one that ${way}`, async ({ place }) => {
      const at = place.fresh('log');
      const server = await place.start(cProgram('outlet', { OUTLET_AT: at, OUTLET_SERVER: '1' }));
      const target = await place.start(cProgram('outlet', { OUTLET_AT: at }));
      const images = target.images();
      const asked: string[] = [];
      const plugin = definePlugin({
        name: 'log-keeper',
        hooks: [
          hook(
            'DUMP_UNIX_SK',
            ({ socket }) => {
              asked.push(`dump ${socket.peerName === at}`);
              return way === 'declines' ? notSupported : undefined;
            },
            { claim: () => way !== 'declines' },
          ),
          hook('RESTORE_UNIX_SK', ({ socket }) => {
            asked.push(`restore ${socket.peerName === at}`);
            return connectedTo(at);
          }),
        ],
      });
      const options = { extUnixSk: true, plugins: [plugin] };
      const { rows } = await plan({ pid: target.pid, ...options });
      const takers = rows.filter(({ subject }) => subject === 'socket').map(({ taker }) => taker);
      expect(takers).toMatchObject([
        way === 'declines' ? { engine: 'unix socket inside of the tree' } : { plugin: 'log-keeper', claimed: true },
      ]);
      await dump({ pid: target.pid, images, ...options });
      await untilGone(target.pid);
      place.track((await restore({ images, detach: true, ...options })).pid);
      expect(asked).toEqual(way === 'declines' ? ['dump true'] : ['dump true', 'restore true']);
      await server.advance();
      await target.advance();
      await target.finish();
      await server.finish();
    });
  }

  const noCriu = criuMissing();
  test.skipIf(noCriu)(`goes to CRIU and back${noCriu ? `: ${noCriu}` : ''}`, async ({ place }) => {
    const at = place.fresh('log');
    const server = await place.start(cProgram('outlet', { OUTLET_AT: at, OUTLET_SERVER: '1' }));
    const target = await place.start(cProgram('outlet', { OUTLET_AT: at }));
    await travel(place, target, { by: criujs, restoredBy: realCriu, ...asked });
    await travel(place, target, { by: realCriu, restoredBy: criujs, ...asked });
    await until('it arrives', () => server.advance(3).then(() => true));
    await target.finish();
    await server.finish();
  });
});

/** A datagram socket that leads to this name. unix(7) */
function connectedTo(path: string): number {
  const fd = syscall('socket', 1, 2, 0);
  arena.scope(() => {
    const address = arena.alloc(110);
    address.view.setUint16(0, 1, true);
    address.bytes.fill(0, 2).set(Buffer.from(path), 2);
    syscall('connect', fd, address.address, address.length);
  });
  return fd;
}
