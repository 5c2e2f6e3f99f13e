import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, NdType } from '@criujs/images';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { criuMissing, isRoot } from '../../core/test/harness/machine.ts';
import { procLink } from '../../core/test/harness/processes.ts';
import { descriptors, type Rig, type Run, test } from './harness/rig.ts';

const missing = criuMissing();
/** CRIU closes the network with iptables, which a test machine need not have. */
const args = ['--network-lock', 'skip'];
/** CRIU 4.1.1 has two ways to make mounts, and asks plugins in the older one only: the newer one ends with a BUG. */
function restoreArgs(rig: Rig): string[] {
  const { jail } = rig;
  execFileSync('mount', ['--bind', jail, jail]);
  rig.atEnd(() => void execFileSync('umount', ['-l', jail]));
  return [...args, '--mntns-compat-mode', '--root', jail];
}
const kinds = ['pid', 'mnt', 'net', 'uts', 'ipc'] as const;

/** A directory and a device outside of what is dumped. */
function outside(rig: Rig): { readonly data: string; readonly device: string } {
  const data = join(rig.directory, 'data');
  mkdirSync(data, { mode: 0o755 });
  writeFileSync(join(data, 'name'), 'outside');
  const device = join(rig.directory, 'device');
  execFileSync('mknod', ['-m', '666', device, 'c', '10', '229']);
  return { data, device };
}

/** Binds what its options say, and opens the device: the plugin of the README's page on mounts. */
function mounter(sources: Readonly<Record<string, string>>, device: string) {
  return definePlugin({
    name: 'mounter',
    hooks: [
      hook('DUMP_EXT_MOUNT', ({ mountpoint }) => (mountpoint in sources ? undefined : notSupported)),
      hook('RESTORE_EXT_MOUNT', ({ mountpoint }) => {
        const source = sources[mountpoint];
        return source === undefined ? notSupported : { source };
      }),
      hook('DUMP_EXT_FILE', ({ file }) => (file.rdev?.minor === 229 ? undefined : notSupported)),
      hook('RESTORE_EXT_FILE', ({ file }) => openSync(device, file.flags & 3)),
    ],
  });
}

function namespacesOf(pid: number): (string | null)[] {
  return kinds.map((kind) => procLink(pid, `ns/${kind}`));
}

function expectWell(run: Run): asserts run is Run & { readonly pid: number } {
  expect(run, run.log.slice(-4000)).toMatchObject({ code: 0, failures: [] });
}

describe.skipIf(missing)(missing ?? 'namespaces', () => {
  for (const user of [false, true]) {
    const what = user ? 'and in a user namespace' : 'in new pid, mount, net, uts and ipc namespaces';

    test(`a mount from outside ${what}`, async ({ rig }) => {
      const { data, device } = outside(rig);
      const binds = { '/data': data, '/device': device };
      const plugin = mounter(binds, device);
      const holder = await rig.startJailed(['mount', '/data'], { user, binds });
      expect(holder.before).toContain('mounted outside');
      const open = descriptors().length;
      expectWell(await rig.dump(holder.pid, { plugins: [plugin], args }));
      const restored = await rig.restore({ plugins: [plugin], args: restoreArgs(rig) });
      expectWell(restored);
      expect(namespacesOf(restored.pid)).not.toEqual(namespacesOf(process.pid));
      expect(await holder.tell(restored.pid)).toBe(holder.before);
      expect(descriptors()).toHaveLength(open);
    });

    test(`external files ${what}`, async ({ rig }) => {
      const { data, device } = outside(rig);
      const binds = { '/data': data, '/device': device };
      const plugin = mounter(binds, device);
      const holder = await rig.startJailed(['tree', '/device', '5', '3'], { user, binds });
      expectWell(await rig.dump(holder.pid, { plugins: [plugin], args }));
      const restored = await rig.restore({ plugins: [plugin], args: restoreArgs(rig) });
      expectWell(restored);
      expect(await holder.tell(restored.pid)).toBe(holder.before);
    });
  }

  test('a mount that no loaded plugin could bring back is refused, and the program runs on', async ({ rig }) => {
    const { data, device } = outside(rig);
    const taker = definePlugin({ name: 'taker', hooks: [hook('DUMP_EXT_MOUNT', () => undefined)] });
    const binds = { '/data': data, '/device': device };
    const holder = await rig.startJailed(['mount', '/data'], { user: false, binds });
    const dumped = await rig.dump(holder.pid, { plugins: [taker], args });
    expect(dumped.code).not.toBe(0);
    expect(dumped.failures).toMatchObject([
      { code: 'UNSUPPORTED', plugin: 'taker', hook: 'RESTORE_EXT_MOUNT', message: expect.stringContaining('mount ') },
    ]);
    expect(await holder.tell()).toBe(holder.before);
  });

  test('a mount that the plugin says it has made, and has not', async ({ rig }) => {
    const { data, device } = outside(rig);
    const liar = definePlugin({
      name: 'liar',
      hooks: [hook('DUMP_EXT_MOUNT', () => undefined), hook('RESTORE_EXT_MOUNT', () => undefined)],
    });
    const holder = await rig.startJailed(['mount', '/data'], {
      user: false,
      binds: { '/data': data, '/device': device },
    });
    const dumped = await rig.dump(holder.pid, { plugins: [liar], args });
    expectWell(dumped);
    expect(
      dumped.records.takes?.map(({ hook: by, resource }) => [by, resource.replace(/\d+/, 'N')]).toSorted(),
    ).toEqual([
      ['DUMP_EXT_MOUNT', 'mount N (/data)'],
      ['DUMP_EXT_MOUNT', 'mount N (/device)'],
    ]);
    const restored = await rig.restore({ plugins: [liar], args: restoreArgs(rig) });
    expect(restored.code).not.toBe(0);
    expect(restored.log).toMatch(
      /RESTORE_EXT_MOUNT: plugin liar says that .*\/(data|device) is mounted, and it is not/,
    );
  });

  const kind = ['dummy', 'ifb'].find(hasKind);
  const noLink = kind === undefined ? 'the kernel has no links of kind dummy or ifb' : null;
  test.skipIf(noLink)(noLink ?? `a network link of a kind that CRIU does not know (${kind})`, async ({ rig }) => {
    const seen: unknown[] = [];
    const linker = definePlugin({
      name: 'linker',
      hooks: [
        hook('DUMP_EXT_LINK', (link) => {
          seen.push({ ...link, index: link.index > 1 });
          return link.kind === kind ? undefined : notSupported;
        }),
      ],
    });
    const add = ['ip', 'link', 'add', 'link7', 'type', String(kind)];
    const holder = await rig.startJailed(['wait'], { user: false, binds: {} });
    execFileSync('nsenter', ['-t', String(holder.pid), '-n', ...add]);
    const open = descriptors().length;
    expectWell(await rig.dump(holder.pid, { plugins: [linker], args }));
    expect(seen).toEqual([{ index: true, type: 1, kind }]);
    expect(descriptors()).toHaveLength(open);
    const devices = readdirSync(rig.images).find((name) => name.startsWith('netdev-')) ?? '';
    expect(decodeImage('NETDEV', readFileSync(join(rig.images, devices))).map(({ message }) => message)).toContainEqual(
      expect.objectContaining({ name: 'link7', type: NdType.EXTLINK }),
    );
    // CRIU sets the address of a link that is there already, which ifb does not have.
    if (kind === 'ifb') return;
    // There is no hook at restore: whoever restores makes the link first, as CRIU asks at setup-namespaces.
    const script = join(rig.directory, 'script');
    const make = `[ "$CRTOOLS_SCRIPT_ACTION" = setup-namespaces ] || exit 0\nnsenter -t "$CRTOOLS_INIT_PID" -n ${add.join(' ')}`;
    writeFileSync(script, `#!/bin/sh\n${make}\n`, { mode: 0o755 });
    const restored = await rig.restore({ plugins: [linker], args: [...restoreArgs(rig), '--action-script', script] });
    expectWell(restored);
    const links = execFileSync('nsenter', ['-t', String(restored.pid), '-n', 'ip', '-o', 'link'], { encoding: 'utf8' });
    expect(links).toContain('link7');
  });
});

function hasKind(kind: string): boolean {
  return isRoot && spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'x0', 'type', kind]).status === 0;
}
