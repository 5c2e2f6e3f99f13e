import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPluginHost } from '@criujs/plugin-host';
import { definePlugin, type HookRegistration, hook, notSupported } from '@criujs/plugin-sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BridgeServer, openServer } from '../src/server/open-server.ts';
import { descriptors } from './harness/rig.ts';
import { compilerMissing, runStandIn } from './harness/stand-in.ts';

// Files that a dump does not wait for: the bridge under sanitizers at one end, our server and host of plugins at the other.

const missing = compilerMissing();
const hookDeadlineMs = 3000;

interface Posted {
  readonly lines: readonly string[];
  readonly server: BridgeServer;
}

/** Posts files with the ids from 1 on, then asks what CHECKPOINT_DEVICES is, and waits for that. */
async function post(files: number, hooks: readonly HookRegistration[]): Promise<Posted> {
  const images = mkdtempSync(join(tmpdir(), 'criujs-posted-'));
  onTestFinished(() => rmSync(images, { recursive: true }));
  const plugins = [definePlugin({ name: 'keeper', hooks })];
  const host = await createPluginHost({ plugins, deadline: hookDeadlineMs, images });
  await host.start('dump');
  const server = await openServer({ images, host, records: null, hookDeadlineMs, posted: true, dumpOnly: true });
  const { CRIUJS_BRIDGE: environment } = server.environment;
  const posts = Array.from({ length: files }, (_, at) => `2:${at + 1}`);
  const calls = ['init', ...posts, '11:7', 'exit'];
  const lines = await runStandIn({ hooks: 13, stage: 0, calls, directory: images, environment });
  await server.settle();
  await server.close();
  expect(await host.finish({ ok: true })).toEqual([]);
  return { lines, server };
}

describe.skipIf(missing)(missing ?? 'files that a dump does not wait for', () => {
  test('are asked for once, in order and one after the other, before anything that comes later', async () => {
    const open = descriptors().length;
    const order: string[] = [];
    let working = 0;
    const { lines, server } = await post(300, [
      hook('DUMP_EXT_FILE', async ({ id }) => {
        working += 1;
        expect(working).toBe(1);
        if (id % 100 === 0) await sleep(5);
        order.push(`file ${id}`);
        working -= 1;
      }),
      hook('CHECKPOINT_DEVICES', ({ pid }) => void order.push(`process ${pid}`)),
    ]);
    expect(order).toEqual([...Array.from({ length: 300 }, (_, at) => `file ${at + 1}`), 'process 7']);
    expect(server.failures()).toEqual([]);
    expect(server.taken().externals.map(({ id }) => id)).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
    expect(lines).toEqual(expect.arrayContaining(['2:300 0', '11:7 -95']));
    expect(lines.at(-1)).toBe('left open 0');
    expect(descriptors()).toHaveLength(open);
  });

  test('may take longer together than one answer may', async () => {
    // The bridge gives up after five seconds without a word.
    const { lines, server } = await post(10, [
      hook('DUMP_EXT_FILE', () => sleep(600)),
      hook('CHECKPOINT_DEVICES', () => undefined),
    ]);
    expect(server.failures()).toEqual([]);
    expect(lines).toContain('11:7 -95');
  });

  const refused: readonly {
    readonly what: string;
    readonly at: (id: number) => unknown;
    readonly failure: object;
    readonly log: string;
  }[] = [
    {
      what: 'that no plugin takes',
      at: () => notSupported,
      failure: { code: 'UNSUPPORTED', message: expect.stringContaining('no plugin takes file 2') },
      log: 'DUMP_EXT_FILE: no plugin takes file 2',
    },
    {
      what: 'that a plugin fails at',
      at: () => {
        throw new Error('the device is on fire');
      },
      failure: { code: 'HOOK_FAILED', message: expect.stringContaining('the device is on fire') },
      log: 'the device is on fire',
    },
  ];
  test.each(refused)('$what fails the run, and plugins are asked nothing more', async ({ at, failure, log }) => {
    const asked: number[] = [];
    const { lines, server } = await post(3, [
      hook('DUMP_EXT_FILE', ({ id }) => {
        asked.push(id);
        return id === 2 ? (at(id) as undefined) : undefined;
      }),
      hook('CHECKPOINT_DEVICES', () => void asked.push(0)),
    ]);
    expect(server.failures()).toMatchObject([failure]);
    expect(server.taken().externals.map(({ id }) => id)).toEqual([1]);
    expect(asked).toEqual([1, 2]);
    expect(lines).toContain('11:7 -5');
    expect(lines.filter((line) => line.startsWith('log 1'))).toEqual([expect.stringContaining(log)]);
  });
});
