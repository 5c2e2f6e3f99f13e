import { type ClaimArgs, definePlugin, type HookClaim, hook, type Plugin, PluginError } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { createPluginHost, type LogEntry, type PluginClaim } from './index.ts';

const args: ClaimArgs<'DUMP_EXT_FILE'> = {
  file: {
    path: '/dev/kvm',
    kind: 'character',
    rdev: { major: 10, minor: 232 },
    inode: 5,
    flags: 2,
    position: 0,
    owner: null,
    holders: [],
  },
};

function plugin(name: string, claim?: HookClaim<'DUMP_EXT_FILE'>): Plugin {
  const forbidden = (): never => {
    throw new Error('only a dump may call this');
  };
  return definePlugin({
    name,
    init: forbidden,
    hooks: [hook('DUMP_EXT_FILE', forbidden, claim === undefined ? {} : { claim })],
  });
}

async function claimsOf(...plugins: Plugin[]): Promise<readonly PluginClaim[]> {
  const host = await createPluginHost({ plugins, deadline: 50 });
  return host.claims('DUMP_EXT_FILE', args, { resource: 'descriptor 3: /dev/kvm' });
}

test('each plugin that has the hook is asked, in order, and neither its handler nor its init', async () => {
  const others = definePlugin({ name: 'other', hooks: [hook('DUMP_UNIX_SK', () => {}, { claim: () => true })] });
  const said = await claimsOf(
    plugin('yes', ({ file }) => file.path === '/dev/kvm'),
    others,
    plugin('no', async ({ file }) => file.rdev?.major === 1),
    plugin('silent'),
  );
  expect(said).toEqual([
    { plugin: 'yes', says: 'yes' },
    { plugin: 'no', says: 'no' },
    { plugin: 'silent', says: 'nothing' },
  ]);
});

test.each<[string, HookClaim<'DUMP_EXT_FILE'>, string, RegExp]>([
  [
    'throws',
    () => {
      throw new PluginError('no driver', { remedy: 'Load it.' });
    },
    'HOOK_FAILED',
    /^plugin bad: claim of descriptor 3: \/dev\/kvm failed: no driver$/,
  ],
  ['rejects', () => Promise.reject(new Error('gone')), 'HOOK_FAILED', /failed: gone/],
  ['never answers', () => new Promise<never>(() => {}), 'HOOK_TIMEOUT', /did not answer within 50 ms/],
  ['answers nonsense', (() => 'yes') as never, 'HOOK_BAD_RESULT', /answered 'yes'/],
  ['ends the process', () => process.exit(3), 'PLUGIN_EXITED', /called process.exit\(3\)/],
  [
    'throws later',
    () => {
      setImmediate(() => {
        throw new Error('too late');
      });
      return true;
    },
    'HOOK_FAILED',
    /threw later.*too late/,
  ],
  [
    'writes a part of the image',
    async (_, context) => {
      await context.image.writeJson('a', 1);
      return true;
    },
    'HOOK_FAILED',
    /no image directory/,
  ],
])('a claim that %s is told, and the others are not hurt', async (_, claim, code, message) => {
  const [bad, good] = await claimsOf(
    plugin('bad', claim),
    plugin('good', () => true),
  );
  expect(bad).toMatchObject({
    plugin: 'bad',
    says: 'failed',
    error: { code, plugin: 'bad', remedy: expect.any(String) },
  });
  expect(bad?.says === 'failed' && bad.error.message).toMatch(message);
  expect(good).toEqual({ plugin: 'good', says: 'yes' });
});

test('a claim may log, and knows options and stage', async () => {
  const logs: LogEntry[] = [];
  const curious = plugin('curious', (_, { log, stage, options }) => {
    log.info(`${stage} ${JSON.stringify(options)}`);
    return true;
  });
  const host = await createPluginHost({
    plugins: [curious],
    options: { curious: { a: 1 } },
    onLog: (it) => logs.push(it),
  });
  await host.claims('DUMP_EXT_FILE', args);
  expect(logs).toMatchObject([{ plugin: 'curious', hook: 'DUMP_EXT_FILE', message: 'dump {"a":1}' }]);
});

test('the watch over the process ends with the last claim', async () => {
  const exit = process.exit;
  const host = await createPluginHost({ plugins: [plugin('a', async () => true)] });
  await Promise.all([host.claims('DUMP_EXT_FILE', args), host.claims('DUMP_EXT_FILE', args)]);
  expect(process.exit).toBe(exit);
});
