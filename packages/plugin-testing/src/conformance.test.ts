import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  definePlugin,
  type HookClaim,
  hook,
  notSupported,
  type Plugin,
  type PluginDefinition,
} from '@criujs/plugin-sdk';
import { afterAll, expect, test } from 'vitest';
import { conformance, pretendTree } from './index.ts';
import { describeConformance } from './vitest.ts';

const schema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) =>
      typeof value === 'number' ? { issues: [{ message: 'must be an object' }] } : { value: value ?? {} },
  },
} as const;

/** A plugin that does everything right, but for what a test changes. */
function device(change: Partial<PluginDefinition> = {}, hooks: Partial<Record<string, unknown>> = {}): Plugin {
  const all: PluginDefinition['hooks'] = [
    hook('DUMP_EXT_FILE', async ({ id, file }, { image }) => {
      if (file.kind !== 'character') return notSupported;
      await image.writeJson(`file-${id}`, file.path);
    }),
    hook('RESTORE_EXT_FILE', async ({ id }, { image }) => openSync(await image.readJson<string>(`file-${id}`), 'r')),
    hook('RESUME_DEVICES_LATE', ({ pid }, { log }) => log.info(`resume ${pid}`)),
  ];
  return definePlugin({
    name: 'device',
    version: '1.0.0',
    options: schema,
    exit: () => undefined,
    hooks: all.map((it) => ({ ...it, handler: (hooks[it.hook] ?? it.handler) as never })),
    ...change,
  });
}

/** The same, with a claim for its files. */
function claiming(claim: HookClaim<'DUMP_EXT_FILE'>): Plugin {
  const hooks = device().hooks.map((it) => (it.hook === 'DUMP_EXT_FILE' ? { ...it, claim } : it));
  return device({ hooks: hooks as never });
}

test('a good plugin conforms', async () => {
  const report = await conformance(device());
  expect(report).toEqual({
    plugin: 'device',
    checks: ['round-trip', 'decline', 'claim', 'double-claim', 'failure', 'exit', 'wrong-options'].map((name) => {
      return name === 'claim' ? { name, status: 'skipped', why: 'it has no claim' } : { name, status: 'passed' };
    }),
  });
});

test('a claim that says what the dump does conforms', async () => {
  const report = await conformance(claiming(({ file }) => file.kind === 'character'));
  expect(report.checks).toContainEqual({ name: 'claim', status: 'passed' });
});

test('a claim sees what a plan sees, for every hook that may have one', async () => {
  const seen: unknown[] = [];
  const claim = (args: object): boolean => {
    seen.push(Object.keys(args).sort().join());
    return false;
  };
  const decline = (): typeof notSupported => notSupported;
  const plugin = definePlugin({
    name: 'declines',
    hooks: [
      hook('DUMP_EXT_FILE', decline, { claim }),
      hook('DUMP_UNIX_SK', decline, { claim }),
      hook('DUMP_EXT_MOUNT', decline, { claim }),
      hook('DUMP_EXT_LINK', decline, { claim }),
      hook('HANDLE_DEVICE_VMA', decline, { claim }),
    ],
  });
  const { checks } = await conformance(plugin, { skip: ['round-trip'] });
  expect(checks).toContainEqual({ name: 'claim', status: 'passed' });
  expect([...new Set(seen)].sort()).toEqual(['file', 'index,kind,type', 'inode,socket', 'mountpoint', 'stat']);
});

test('a plugin that only observes has less to show', async () => {
  const report = await conformance(definePlugin({ name: 'watcher', hooks: [hook('PAUSE_DEVICES', () => undefined)] }));
  expect(report.checks.map((it) => it.status)).toEqual([
    'passed',
    'skipped',
    'skipped',
    'passed',
    'passed',
    'skipped',
    'skipped',
  ]);
});

test('a plugin may be given by its path', async () => {
  const tree = await pretendTree();
  writeFileSync(
    join(tree.folder, 'plugin.ts'),
    `import { definePlugin, hook } from '@criujs/plugin-sdk';
     export const plugin = definePlugin({ name: 'by-path', hooks: [hook('POST_FORKING', (): void => {})] });`,
  );
  expect(await conformance({ plugin: './plugin.ts', cwd: tree.folder })).toMatchObject({ plugin: 'by-path' });
  await expect(conformance('./nothing.ts', { cwd: tree.folder })).rejects.toMatchObject({ code: 'PLUGIN_NOT_FOUND' });
  writeFileSync(join(tree.folder, 'none.ts'), 'export const nothing: number = 1;');
  await expect(conformance('./none.ts', { cwd: tree.folder })).rejects.toMatchObject({ code: 'PLUGIN_INVALID' });
  await tree.close();
});

const leaked: number[] = [];
const left = `criujs-left-${process.pid}`;
afterAll(() => rmSync(join(tmpdir(), left), { force: true }));

let exits = 0;
const bad: readonly [what: string, plugin: Plugin, failed: string[], said: RegExp][] = [
  [
    'does not restore what it dumped',
    definePlugin({ name: 'half', hooks: [hook('DUMP_EXT_FILE', () => undefined)] }),
    ['round-trip', 'decline', 'double-claim'],
    /round-trip: the restore failed: file 1 \(.*\) was dumped by plugin half; neither it nor another plugin restores it/,
  ],
  [
    'claims nothing that it is shown',
    definePlugin({ name: 'picky', hooks: [hook('DUMP_EXT_FILE', () => notSupported)] }),
    ['round-trip'],
    /round-trip: it claimed nothing of the tree that it was shown. Give the check a `tree`/,
  ],
  [
    'claims everything',
    device({}, { DUMP_EXT_FILE: ({ id }: { id: number }, { image }: never) => write(image, id) }),
    ['decline'],
    /decline: it claimed an unknown resource: .*anon_inode:\[nobodys\]/,
  ],
  [
    'throws where it should decline',
    device(
      {},
      {
        DUMP_EXT_FILE({ id, file }: { id: number; file: { kind: string } }, { image }: never) {
          if (file.kind !== 'character') throw new Error('what is this?');
          return write(image, id);
        },
      },
    ),
    ['decline'],
    /decline: it failed where it should decline: .*what is this\?/,
  ],
  [
    'needs its own part of an image that it has no part in',
    device({
      hooks: [
        ...device().hooks,
        hook('RESTORE_INIT', async (_args, { image }) => void (await image.readJson('file-1'))),
      ] as never,
    }),
    ['double-claim'],
    /double-claim: the restore of what greedy had dumped failed: plugin device: RESTORE_INIT/,
  ],
  [
    'claims more than it takes',
    claiming(() => true),
    ['claim'],
    /claim: its claim says yes to .*nobodys.* \(DUMP_EXT_FILE\), and the dump then declines it/,
  ],
  [
    'claims less than it takes',
    claiming(() => false),
    ['claim'],
    /claim: its claim says no to .* \(DUMP_EXT_FILE\), and the dump then takes it/,
  ],
  [
    'has a claim that fails',
    claiming(() => {
      throw new Error('not before init');
    }),
    ['claim'],
    /claim: its claim of .* \(DUMP_EXT_FILE\) failed: .*not before init/,
  ],
  [
    'leaves a descriptor behind',
    device({}, { RESTORE_EXT_FILE: () => leaked.push(openSync(devNull, 'r')) && openSync(devNull, 'r') }),
    ['failure'],
    /failure: restore, engine-failed at call 1 .*left behind descriptor \d+/,
  ],
  [
    'leaves a file behind',
    device({ init: () => writeFileSync(join(tmpdir(), left), 'x'), exit: () => undefined }),
    ['failure'],
    /failure: dump, engine-failed at call 1 \(DUMP_EXT_FILE\): it left behind file criujs-left-\d+ in the temporary folder/,
  ],
  [
    'exits once only',
    device({
      init: () => {
        exits = 0;
      },
      exit: () => {
        exits += 1;
        if (exits > 1) throw new Error('closed already');
      },
    }),
    ['failure', 'exit'],
    /exit: its exit failed when it was called twice after a dump: .*closed already/,
  ],
  [
    'has a schema that takes anything',
    device({ options: { '~standard': { ...schema['~standard'], validate: (value: unknown) => ({ value }) } } }),
    ['wrong-options'],
    /wrong-options: it accepts 42 as its options/,
  ],
];

async function write(image: { writeJson(name: string, value: unknown): Promise<void> }, id: number): Promise<void> {
  await image.writeJson(`file-${id}`, devNull);
}

test.each(bad)('a plugin that %s does not conform', async (_what, plugin, names, said) => {
  const error = await conformance(plugin).catch((it: Error) => it);
  for (const fd of leaked.splice(0)) closeSync(fd);
  expect(error).toMatchObject({ name: 'KitError', code: 'NOT_CONFORMING', plugin: plugin.name });
  expect((error as Error).message).toMatch(said);
  const failed = [...(error as Error).message.matchAll(/^ {2}([a-z-]+):/gm)].map(([, name]) => name);
  expect(failed).toEqual(names);
});

describeConformance(device());
describeConformance({ plugin: device(), wrongOptions: [1, 2], tree: { files: [{ kind: 'character' }, {}] } });
