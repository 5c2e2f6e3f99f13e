import { definePlugin, hook, notSupported, type PluginManifest } from '@criujs/plugin-sdk';
import { expect, test } from 'vitest';
import { checkManifest } from './index.ts';

const paths = ['/dev/zero', 'anon_inode:[radio]'];
const plugin = definePlugin({
  name: 'radio',
  imageVersion: 2,
  hooks: [
    hook('DUMP_UNIX_SK', () => notSupported, { claim: ({ socket }) => socket.peerName === '\0radio' }),
    hook('DUMP_EXT_FILE', () => notSupported, { claim: ({ file }) => paths.includes(file.path ?? '') }),
    hook('DUMP_EXT_MOUNT', () => notSupported),
    hook('PAUSE_DEVICES', () => {}),
  ],
});

const whole: PluginManifest = {
  plugin: 'radio',
  apiVersion: 1,
  hooks: ['DUMP_UNIX_SK', 'DUMP_EXT_FILE', 'DUMP_EXT_MOUNT', 'PAUSE_DEVICES'],
  imageVersion: 2,
  resources: {
    devices: [
      { path: '/dev/zero', major: 1, minor: { from: 5, to: 5 } },
      { path: '/dev/no-such-radio', major: 240 },
    ],
    sockets: ['@radio', '/run/any-*.sock'],
    files: ['anon_inode:[radio]'],
    mounts: ['/mnt/radio'],
  },
};

const problems = async (criu: unknown, of = plugin): Promise<string> =>
  checkManifest(of, { name: 'criujs-plugin-radio', criu }).then(
    () => 'none',
    ({ code, message, remedy }) => `${code} ${message} ${remedy}`,
  );

test('a manifest that says what the plugin is', async () => {
  expect(await problems(whole)).toBe('none');
});

test('without one the error has all that is to be written', async () => {
  const said = await problems(undefined);
  expect(said).toMatch(/^MANIFEST_DIFFERS package\.json has no field criu Add it: "criu": \{/);
  expect(said).toContain(
    '{"plugin":"radio","apiVersion":1,"hooks":["DUMP_UNIX_SK","DUMP_EXT_FILE","DUMP_EXT_MOUNT","PAUSE_DEVICES"],"imageVersion":2,"resources":{}}',
  );
});

test('all that differs is said at once, with what to write', async () => {
  const { imageVersion: _, ...old } = whole;
  const said = await problems({
    ...old,
    plugin: 'tape',
    hooks: ['DUMP_UNIX_SK', 'DUMP_EXT_FILE', 'DUMP_EXT_MOUNT'],
    tool: [],
  });
  expect(said).toContain('  criu.tool is not a field of a manifest: remove it, or mend its name\n');
  expect(said).toContain('  criu.plugin is "tape", and the code has "radio": write "radio" in criu.plugin\n');
  expect(said).toContain('  criu.imageVersion is 1, and the code has 2: write 2 in criu.imageVersion');
  expect(said).toMatch(/criu\.hooks lacks PAUSE_DEVICES: write \["DUMP_UNIX_SK",.*,"PAUSE_DEVICES"\] in criu\.hooks\n/);
  expect(said).toMatch(/Change the field criu of package\.json as the 4 lines above say, or the code\.$/);
});

test('one that cannot be read is said with its places', async () => {
  expect(await problems({ ...whole, plugin: 7 })).toContain('criu.plugin must be text');
});

test.each<[NonNullable<PluginManifest['resources']>, string]>([
  [
    { sockets: ['/run/radio.sock'] },
    'criu.resources.sockets[0] is not claimed: the claim of DUMP_UNIX_SK answers false',
  ],
  [
    { files: ['anon_inode:[radio]', '/opt/radio'] },
    'criu.resources.files[1] is not claimed: the claim of DUMP_EXT_FILE',
  ],
  [
    { devices: [{ path: '/dev/null' }] },
    'criu.resources.devices[0] is not claimed: the claim of DUMP_EXT_FILE answers',
  ],
  [
    { devices: [{ path: '/dev/zero', major: 2 }] },
    'devices[0] has the major number 2, and /dev/zero of this machine is 1:5',
  ],
  [
    { devices: [{ path: '/dev/zero', minor: 4 }] },
    'devices[0] has the minor number 4, and /dev/zero of this machine is 1:5',
  ],
  [
    { devices: [{ path: '/dev/zero', kind: 'block' }] },
    'is a block device, and /dev/zero of this machine is a character',
  ],
  [{ devices: [{ path: '/dev/x', minor: { from: 3, to: 2 } }] }, 'devices[0] has no minor number from 3 to 2'],
  [{ links: ['wireguard'] }, 'criu.resources.links[0] needs DUMP_EXT_LINK, and the code has no such hook'],
])('%j is not what the plugin takes', async (resources, expected) => {
  expect(await problems({ ...whole, resources })).toContain(expected);
});

test('a claim that fails is said', async () => {
  const claim = (): boolean => {
    throw new Error('no driver');
  };
  const fails = definePlugin({ name: 'radio', hooks: [hook('DUMP_EXT_LINK', () => notSupported, { claim })] });
  const criu: PluginManifest = {
    plugin: 'radio',
    apiVersion: 1,
    hooks: ['DUMP_EXT_LINK'],
    resources: { links: ['x'] },
  };
  expect(await problems(criu, fails)).toMatch(/criu\.resources\.links\[0\]: .*no driver/);
});

test('claims are asked with the options of the plugin', async () => {
  const options = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => ({ value: { kind: 'ifb', ...Object(value) } }),
    },
  } as const;
  const takes = definePlugin<{ readonly kind: string }>({
    name: 'links',
    options,
    hooks: [hook('DUMP_EXT_LINK', () => notSupported, { claim: ({ kind }, { options: own }) => kind === own.kind })],
  });
  const criu = { plugin: 'links', apiVersion: 1, hooks: ['DUMP_EXT_LINK'], resources: { links: ['dummy'] } };
  await expect(checkManifest(takes, { criu }, { options: { kind: 'dummy' } })).resolves.toBeUndefined();
  await expect(checkManifest(takes, { criu })).rejects.toThrow(/links\[0\] is not claimed/);
});
