import { closeSync, fstatSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { hookTable } from '@criujs/plugin-sdk';
import {
  callsOf,
  conformance,
  dump,
  type PretendTreeOptions,
  pretendTree,
  type RunSettings,
  restore,
} from '@criujs/plugin-testing';
import { afterAll, expect, test } from 'vitest';
import { adaptModule } from './adapt.ts';
import { legacyLoader, nameFromPath } from './index.ts';

// All old functions through the test kit: also those that the embedded engine does not call yet.

const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-old-')));
afterAll(() => rmSync(cwd, { recursive: true }));

/** Takes everything that it is asked for, and remembers what it was. */
const source = `
const { openSync } = require('node:fs');
const { devNull } = require('node:os');
const seen = (globalThis.oldCalls ??= []);
const done = (name) => (...args) => (seen.push([name, ...args]), 0);
const open = (name) => async (id) => (seen.push([name, id]), openSync(devNull, 'r'));
exports.cr_plugin_init = done('init');
exports.cr_plugin_fini = done('fini');
exports.cr_plugin_dump_unix_sk = (fd, inode) => done('dump_unix_sk')(inode);
exports.cr_plugin_restore_unix_sk = open('restore_unix_sk');
exports.cr_plugin_dump_file = async (fd, id) => done('dump_file')(id);
exports.cr_plugin_restore_file = open('restore_file');
exports.cr_plugin_dump_ext_mount = done('dump_ext_mount');
exports.cr_plugin_restore_ext_mount = done('restore_ext_mount');
exports.cr_plugin_dump_ext_link = done('dump_ext_link');
exports.cr_plugin_handle_device_vma = (fd, stat) => done('handle_device_vma')(stat.rdev);
exports.cr_plugin_update_vma_map = (path, addr, old_pgoff, new_pgoff, plugin_fd) => {
  new_pgoff.value = old_pgoff + 4096n;
  plugin_fd.value = openSync(devNull, 'r');
  done('update_vma_map')(path, addr, old_pgoff);
  return 1;
};
exports.cr_plugin_resume_devices_late = done('resume_devices_late');
exports.cr_plugin_pause_devices = done('pause_devices');
exports.cr_plugin_checkpoint_devices = done('checkpoint_devices');
exports.cr_plugin_post_forking = done('post_forking');
exports.cr_plugin_restore_init = done('restore_init');
exports.cr_plugin_dump_devices_late = done('dump_devices_late');
`;
writeFileSync(join(cwd, 'everything.cjs'), source);

const everything: PretendTreeOptions = {
  processes: [{ pid: 100 }, { pid: 101 }],
  files: [{ kind: 'character' }],
  sockets: [{ inode: 77 }],
  mounts: [{ id: 31, mountpoint: '/mnt/data' }],
  links: [{ index: 4, type: 1, kind: 'veth' }],
  maps: [{ path: '/dev/dri/card0', address: 0x7f12_0000_0000n, offset: 4096n, rdev: { major: 226, minor: 0 } }],
};
const settings: RunSettings = { plugins: ['./everything.cjs'], cwd, loaders: [legacyLoader()] };

/** What the module was asked since the last time, by name; in the order of names, the kit's order is its own affair. */
function asked(): Record<string, unknown[]> {
  const { oldCalls = [] } = globalThis as { oldCalls?: [string, ...unknown[]][] };
  const calls: Record<string, unknown[]> = {};
  for (const [name, ...args] of oldCalls.splice(0)) calls[name] = [...(calls[name] ?? []), args];
  return calls;
}

test('all old functions make a round trip', async () => {
  await using tree = await pretendTree(everything);
  const id = tree.files[0]?.id;
  const dumped = await dump(tree, settings);
  expect(dumped.error).toBeUndefined();
  expect(dumped.claims.map(({ hook }) => hook).sort()).toEqual([
    'DUMP_EXT_FILE',
    'DUMP_EXT_LINK',
    'DUMP_EXT_MOUNT',
    'DUMP_UNIX_SK',
    'HANDLE_DEVICE_VMA',
  ]);
  const plugin = nameFromPath(join(cwd, 'everything.cjs'));
  for (const claim of dumped.claims) expect(claim).toMatchObject({ plugin, version: '0.1.0' });
  expect(asked()).toEqual({
    init: [[]],
    pause_devices: [[100], [101]],
    checkpoint_devices: [[100], [101]],
    dump_file: [[id]],
    dump_unix_sk: [[77]],
    dump_ext_mount: [['/mnt/data', 31]],
    dump_ext_link: [[4, 1, 'veth']],
    handle_device_vma: [[{ major: 226, minor: 0 }]],
    dump_devices_late: [[100]],
    fini: [[]],
  });

  const restored = await restore(dumped, {
    ...settings,
    inspect: ({ fd }) => expect(fstatSync(fd).isCharacterDevice()).toBe(true),
  });
  expect(restored.error).toBeUndefined();
  expect(restored.descriptors.map(({ hook }) => hook).sort()).toEqual([
    'RESTORE_EXT_FILE',
    'RESTORE_UNIX_SK',
    'UPDATE_VMA_MAP',
  ]);
  expect(callsOf(restored, 'UPDATE_VMA_MAP')).toMatchObject([{ answer: { result: { offset: 8192n } } }]);
  expect(asked()).toMatchObject({
    init: [[]],
    restore_init: [[]],
    restore_file: [[id]],
    restore_unix_sk: [[77]],
    restore_ext_mount: [[31, '/mnt/data', expect.any(String), null]],
    update_vma_map: [['/dev/dri/card0', 0x7f12_0000_0000n, 4096n]],
    post_forking: [[]],
    resume_devices_late: [[100], [101]],
    fini: [[]],
  });
  const hooks = new Set([...dumped.calls, ...restored.calls].map(({ hook }) => hook));
  expect([...hooks].sort()).toEqual(Object.keys(hookTable).sort());
  for (const { logs } of [dumped, restored]) expect(logs.filter(({ level }) => level === 'warn')).toHaveLength(1);
});

test('a fault on the way ends the run, and fini cleans up', async () => {
  await using tree = await pretendTree(everything);
  const dumped = await dump(tree, { ...settings, faults: [{ hook: 'DUMP_EXT_FILE', fault: 'errno', errno: 'EIO' }] });
  expect(dumped).toMatchObject({ ok: false, error: { code: 'HOOK_FAILED', errno: 'EIO' } });
  expect(asked()).toMatchObject({ init: [[]], fini: [[]] });
});

test('an old plugin conforms', async () => {
  const plugin = adaptModule(
    {
      cr_plugin_dump_file: (fd: number) => (fstatSync(fd).isCharacterDevice() ? 0 : -95),
      cr_plugin_restore_file: () => openSync(devNull, 'r'),
      cr_plugin_fini: () => closeSync(openSync(devNull, 'r')),
    },
    '/opt/criu/null.js',
  );
  const { checks } = await conformance(plugin!, { tree: { files: [{ kind: 'character' }] } });
  expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
});
