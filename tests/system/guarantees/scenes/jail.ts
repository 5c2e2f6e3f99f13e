import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CriuError } from '@criujs/plugin-sdk';
import { isRoot } from '../../../../packages/core/test/harness/machine.ts';
import { runs } from '../../../../packages/core/test/harness/processes.ts';
import { createRig, type Holder, type Rig } from '../../../../packages/criu-bridge/test/harness/rig.ts';
import { type Call, type Deeds, observe, type Step } from '../observe.ts';
import { fails, type Scene } from '../scene.ts';

// A program in namespaces of its own, with two mounts and a network link that only plugins know, and two files: under CRIU.

/** What a run of CRIU came to. */
interface JailRun {
  readonly calls: readonly Call[];
  readonly failures: readonly CriuError[];
  readonly ok: boolean;
  /** Whether the program lives afterwards. */
  readonly lives: boolean;
}

/** A link of a kind that CRIU does not know and this kernel has; null: none. */
const linkKind: string | null =
  ['dummy', 'ifb'].find(
    (kind) => isRoot && spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'x0', 'type', kind]).status === 0,
  ) ?? null;

export const noLink: string | null = linkKind === null ? 'the kernel has no links of kind dummy or ifb' : null;

interface Jail {
  readonly rig: Rig;
  readonly holder: Holder;
  readonly deeds: Deeds;
}

/** CRIU closes the network with iptables, which a test machine need not have. */
const args = ['--network-lock', 'skip'];

function jail(scene: Scene, what: string): Promise<Jail> {
  return scene.once(`jail ${what}`, async () => {
    const rig = createRig();
    scene.atEnd(() => rig.clear());
    const data = join(rig.directory, 'data');
    mkdirSync(data, { mode: 0o755 });
    writeFileSync(join(data, 'name'), 'outside');
    const device = join(rig.directory, 'device');
    // /dev/fuse
    execFileSync('mknod', ['-m', '666', device, 'c', '10', '229']);
    const binds: Readonly<Record<string, string>> = { '/data': data, '/device': device };
    const holder = await rig.startJailed(['tree', '/device', '2', '1'], { user: false, binds });
    const deeds: Deeds = {
      RESTORE_EXT_MOUNT: ({ args: { mountpoint } }) => ({ source: binds[String(mountpoint)] }),
      RESTORE_EXT_FILE: ({ args: { file } }) => openSync(device, (file as { readonly flags: number }).flags & 3),
    };
    return { rig, holder, deeds };
  });
}

async function dumpIn({ rig, holder, deeds }: Jail, more: Deeds = {}): Promise<JailRun> {
  const observer = observe({ pid: holder.pid, ticks: () => 0 }, rig.images);
  const plugins = [
    observer.plugin('first', { takes: false }),
    observer.plugin('taker', { takes: true, deeds: { ...deeds, ...more } }),
  ];
  const { code, failures } = await rig.dump(holder.pid, { plugins, args });
  return { calls: observer.calls, failures, ok: code === 0, lives: runs(holder.pid) };
}

async function restoreIn({ rig, holder, deeds }: Jail, more: Deeds = {}): Promise<JailRun> {
  const observer = observe({ pid: holder.pid, ticks: () => 0 }, rig.images);
  const plugins = [
    observer.plugin('first', { takes: false }),
    observer.plugin('taker', { takes: true, deeds: { ...deeds, ...more } }),
  ];
  // CRIU 4.1.1 has two ways to make mounts, and asks plugins in the older one only.
  const { code, failures, pid } = await rig.restore({
    plugins,
    args: [...args, '--mntns-compat-mode', '--root', rig.jail],
  });
  return { calls: observer.calls, failures, ok: code === 0, lives: pid !== undefined && runs(pid) };
}

/** A dump in which a step fails; the program outlives it. */
export function failedInJail(scene: Scene, step: Step): Promise<JailRun> {
  return scene.once(`failed in jail at ${step}`, async () => {
    const place = await jail(scene, 'of failures');
    await addLink(scene, place);
    return dumpIn(place, { [step]: fails });
  });
}

export function failedRestoreInJail(scene: Scene): Promise<JailRun> {
  return scene.once('failed restore in jail', async () => {
    const { place } = await jailed(scene);
    return restoreIn(place, { RESTORE_EXT_MOUNT: fails });
  });
}

function addLink(scene: Scene, { holder }: Jail): Promise<void> {
  return scene.once(`link of ${holder.pid}`, async () => {
    if (linkKind === null) return;
    execFileSync('nsenter', ['-t', String(holder.pid), '-n', 'ip', 'link', 'add', 'link7', 'type', linkKind]);
  });
}

/** A dump and a restore of such a program without a link, which nothing brings back. */
function jailed(scene: Scene): Promise<{ readonly place: Jail; readonly dumped: JailRun }> {
  return scene.once('jailed', async () => {
    const place = await jail(scene, 'of mounts');
    const dumped = await dumpIn(place);
    execFileSync('mount', ['--bind', place.rig.jail, place.rig.jail]);
    place.rig.atEnd(() => void execFileSync('umount', ['-l', place.rig.jail]));
    return { place, dumped };
  });
}

export async function dumpedInJail(scene: Scene): Promise<JailRun> {
  return (await jailed(scene)).dumped;
}

/** The last of all: what it restores has the pids. */
export function restoredInJail(scene: Scene): Promise<JailRun> {
  return scene.once('restored in jail', async () => {
    await failedRestoreInJail(scene);
    const { place } = await jailed(scene);
    return restoreIn(place);
  });
}

/** A dump of a program with such a link. */
export function dumpedWithLink(scene: Scene): Promise<JailRun> {
  return scene.once('dumped with a link', async () => {
    await failedInJail(scene, 'DUMP_EXT_MOUNT');
    await failedInJail(scene, 'DUMP_EXT_LINK');
    const place = await jail(scene, 'of failures');
    await addLink(scene, place);
    return dumpIn(place);
  });
}
