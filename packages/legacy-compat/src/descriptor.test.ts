import { createPluginHost, type LogEntry } from '@criujs/plugin-host';
import { fileId, type Outcome, pid, type Stage } from '@criujs/plugin-sdk';
import { describe, expect, test } from 'vitest';
import { adaptModule, type LegacyOptions } from './adapt.ts';

const path = '/opt/criu/desc.cjs';
const file = {
  path: null,
  kind: 'anonymous',
  rdev: null,
  inode: 1,
  flags: 0,
  position: 0,
  owner: null,
  holders: [],
} as const;
const failed: Outcome = { ok: false, error: Object.assign(new Error('x'), { code: 'HOOK_FAILED', errno: 'EIO' }) };

async function life(stage: Stage, outcome: Outcome, loader: LegacyOptions = {}, options = {}): Promise<unknown[]> {
  const seen: unknown[] = [];
  const CR_PLUGIN_DESC = {
    name: 'c_plugin',
    init: (...args: unknown[]) => seen.push(['init', ...args]) && 0,
    exit: (...args: unknown[]) => void seen.push(['exit', ...args]),
    hooks: {},
  };
  const plugin = adaptModule({ CR_PLUGIN_DESC }, path, loader);
  const host = await createPluginHost({ plugins: [plugin!], options: { 'c-plugin': options } });
  await host.start(stage);
  await host.finish(outcome);
  return seen;
}

describe('CR_PLUGIN_DESC', () => {
  test('is told stages by number, and how it went', async () => {
    const ok = { ok: true } as const;
    expect(await life('dump', ok)).toEqual([
      ['init', 0],
      ['exit', 0, 0],
    ]);
    expect(await life('pre-dump', ok)).toEqual([
      ['init', 1],
      ['exit', 1, 0],
    ]);
    expect(await life('restore', ok)).toEqual([
      ['init', 2],
      ['exit', 2, 0],
    ]);
    expect(await life('restore', failed)).toEqual([
      ['init', 2],
      ['exit', 2, -5],
    ]);
    const unknown = { ok: false, error: Object.assign(new Error('x'), { code: 'HOOK_TIMEOUT' }) } as const;
    expect(await life('dump', unknown)).toEqual([
      ['init', 0],
      ['exit', 0, -1],
    ]);
  });

  test('of before CRIU 2.0 knows restore as 1 and no pre-dump, by an option of the loader or its own', async () => {
    const ok = { ok: true } as const;
    for (const [loader, options] of [
      [{ restoreStage: 1 }, {}],
      [{}, { restoreStage: 1 }],
    ] as const) {
      expect(await life('dump', ok, loader, options)).toEqual([
        ['init', 0],
        ['exit', 0, 0],
      ]);
      expect(await life('restore', ok, loader, options)).toEqual([
        ['init', 1],
        ['exit', 1, 0],
      ]);
      expect(await life('pre-dump', ok, loader, options), 'it would take 1 for a restore').toEqual([]);
    }
    expect(await life('restore', ok, { restoreStage: 1 }, { restoreStage: 2 })).toEqual([
      ['init', 2],
      ['exit', 2, 0],
    ]);
    await expect(life('dump', ok, {}, { restoreStage: 3 })).rejects.toMatchObject({
      code: 'PLUGIN_OPTIONS',
      message: expect.stringContaining('c-plugin.restoreStage: must be 2, or 1'),
    });
    await expect(life('dump', ok, {}, { stage: 1 })).rejects.toMatchObject({ code: 'PLUGIN_OPTIONS' });
  });

  test('registers hooks by number or by CRIU’s name for it', async () => {
    const seen: unknown[] = [];
    const dumpFile = (...args: unknown[]) => seen.push(args) && 0;
    const lists = [
      new Array(2).concat(dumpFile),
      { 2: dumpFile },
      { CR_PLUGIN_HOOK__DUMP_EXT_FILE: dumpFile },
      [null, undefined, dumpFile],
    ];
    for (const hooks of lists) {
      const log: LogEntry[] = [];
      const CR_PLUGIN_DESC = { name: 'amdgpu_plugin', version: 0x003, max_hooks: 12, hooks };
      const plugin = adaptModule({ CR_PLUGIN_DESC }, path)!;
      const host = await createPluginHost({ plugins: [plugin], onLog: (it) => log.push(it) });
      expect(host.plugins).toMatchObject([{ name: 'amdgpu-plugin', version: '0.0.3', hooks: ['DUMP_EXT_FILE'] }]);
      await host.start('dump');
      expect(await host.call('DUMP_EXT_FILE', { fd: 3, id: fileId(4), file })).toMatchObject({ claimed: true });
      expect(log.map((it) => it.message)).toEqual([expect.stringContaining('CR_PLUGIN_HOOK__DUMP_EXT_FILE → hook(')]);
      await host.finish({ ok: true });
    }
    expect(seen).toEqual(lists.map(() => [3, 4]));
  });

  test('observers may answer -ENOTSUP', async () => {
    const plugin = adaptModule({ CR_PLUGIN_DESC: { name: 'o', hooks: { 10: () => -95 } } }, path)!;
    const host = await createPluginHost({ plugins: [plugin] });
    await host.start('dump');
    expect(await host.call('PAUSE_DEVICES', { pid: pid(5) })).toEqual({ claimed: false });
    await host.finish({ ok: true });
  });

  test.each([
    [{ hooks: [] }, /has no name/],
    [{ name: '___', hooks: [] }, /has no name/],
    [{ name: 'a', version: 0x300 }, /has version 0\.3\.0, newer than 0\.2\.0/],
    [{ name: 'a', version: '0.2.0' }, /has the version 0\.2\.0/],
    [{ name: 'a', max_hooks: 16 }, /has max_hooks 16; 15 are known/],
    [{ name: 'a', hooks: { 15: () => 0 } }, /has a hook 15, which is not among the first 15/],
    [{ name: 'a', max_hooks: 12, hooks: { 13: () => 0 } }, /has a hook 13, which is not among the first 12/],
    [{ name: 'a', hooks: { DUMP_FILE: () => 0 } }, /has a hook DUMP_FILE/],
    [{ name: 'a', hooks: { 2: 'x' } }, /hook 2 of its CR_PLUGIN_DESC is not a function/],
    [{ name: 'a', init: 1 }, /init of its CR_PLUGIN_DESC is not a function/],
    [null, /has no name/],
  ])('%o is refused', (CR_PLUGIN_DESC, message) => {
    expect(() => adaptModule({ CR_PLUGIN_DESC }, path)).toThrow(message);
  });
});
