import { closeSync, fstatSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { HookAnswer } from '@criujs/plugin-host';
import { missingHook, whyUnrestorable } from '@criujs/plugin-host/facts';
import type { DeviceStat, Holder, HookName, OwnedDescriptor, Pid, Provider } from '@criujs/plugin-sdk';
import { KitError } from './errors.ts';
import type { DumpReport, PretendImage, Unclaimed } from './report.ts';
import { conduct, type EngineOrder, type Run, type RunSettings, settingsOf } from './run.ts';
import { memorySections } from './sections.ts';
import type { PretendFile, PretendMap, PretendSocket, PretendTree } from './tree.ts';

export interface DumpSettings extends RunSettings {
  /** Default `dump`. A pre-dump saves memory only: plugins are told to pause, and asked for nothing. */
  readonly stage?: 'dump' | 'pre-dump' | undefined;
  /** Let plugins take what none of them has the hook to restore. Otherwise that ends the dump, as an engine refuses it. */
  readonly dumpOnly?: boolean | undefined;
}

/**
 * Dumps a pretend tree: calls the plugins' hooks as an engine would. What goes wrong is in the report.
 * @throws whatever the test's own code threw; KitError BAD_FAULT
 */
export async function dump(tree: PretendTree, given: DumpSettings | DumpSettings['plugins']): Promise<DumpReport> {
  const settings = settingsOf<DumpSettings>(given);
  const { stage = 'dump', order = 'criu', dumpOnly = false } = settings;
  const sections = memorySections();
  const records = emptyRecords();
  const report = await conduct(stage, settings, sections, async (run) => {
    const dumping: Dumping = { run, tree, records, dumpOnly };
    for (const step of stage === 'dump' ? orders[order] : preDump) await step(dumping);
  });
  if (!report.ok || stage === 'pre-dump') return report;
  // As an engine reads it: nothing of the dump's own objects.
  const image = structuredClone({
    ...records,
    processes: tree.processes,
    sections: report.sections,
    imageVersions: sections.versions,
    required: sections.required,
  });
  return { ...report, image: image as PretendImage };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };
type Records = Mutable<Omit<PretendImage, 'processes' | 'sections' | 'imageVersions' | 'required'>>;

interface Dumping {
  readonly run: Run;
  readonly tree: PretendTree;
  readonly records: Records;
  readonly dumpOnly: boolean;
}

type Step = (dumping: Dumping) => Promise<void>;

const emptyRecords = (): Records => ({ files: [], sockets: [], mounts: [], maps: [] });

/** The steps of a dump that call plugins, in the order of each engine. */
const orders: Readonly<Record<EngineOrder, readonly Step[]>> = {
  criu: [pause, checkpoint, mounts, tasks, links, sockets, refuse, late],
  embedded: [pause, checkpoint, files, maps, mounts, links, refuse, late],
};
const preDump: readonly Step[] = [pause];

async function pause({ run, tree }: Dumping): Promise<void> {
  await run.tell('PAUSE_DEVICES', pidsOf(tree));
}

async function checkpoint({ run, tree }: Dumping): Promise<void> {
  await run.tell('CHECKPOINT_DEVICES', pidsOf(tree));
}

function pidsOf({ processes: [root, ...others] }: PretendTree): [Pid, ...Pid[]] {
  return [root.pid, ...others.map(({ pid }) => pid)];
}

async function late({ run, tree }: Dumping): Promise<void> {
  const { pid } = tree.processes[0];
  await run.ask('DUMP_DEVICES_LATE', { pid }, { resource: `process ${pid}` });
}

async function mounts({ run, tree, records }: Dumping): Promise<void> {
  for (const { id, mountpoint } of tree.mounts) {
    const answer = await run.ask('DUMP_EXT_MOUNT', { id, mountpoint }, { resource: `mount ${id} (${mountpoint})` });
    if (answer.claimed) records.mounts.push({ id, mountpoint, provider: providerOf(answer) });
  }
}

async function links({ run, tree }: Dumping): Promise<void> {
  for (const { index, type, kind } of tree.links) {
    await run.ask('DUMP_EXT_LINK', { index, type, kind }, { resource: `network link ${index} (${kind})` });
  }
}

/** Process by process: maps first, then files, each with the first who holds it. */
async function tasks(dumping: Dumping): Promise<void> {
  const { tree } = dumping;
  for (const { pid } of tree.processes) {
    for (const map of tree.maps.filter((it) => it.pid === pid)) await dumpMap(dumping, map);
    for (const file of inOrder(tree, tree.files, (it) => it.file.holders, pid)) await dumpFile(dumping, file);
  }
}

async function maps(dumping: Dumping): Promise<void> {
  for (const map of dumping.tree.maps) await dumpMap(dumping, map);
}

async function sockets(dumping: Dumping): Promise<void> {
  for (const socket of dumping.tree.sockets) await dumpSocket(dumping, socket);
}

/** The embedded engine: files and sockets as they come, by process and number. */
async function files(dumping: Dumping): Promise<void> {
  const { tree } = dumping;
  const all = [
    ...tree.files.map((it) => ({ holders: it.file.holders, dump: () => dumpFile(dumping, it) })),
    ...tree.sockets.map((it) => ({ holders: it.socket.holders, dump: () => dumpSocket(dumping, it) })),
  ];
  for (const { pid } of tree.processes) {
    for (const it of inOrder(tree, all, ({ holders }) => holders, pid)) await it.dump();
  }
}

/** Those whose first holder, in the order of the tree, is this process; by its numbers. */
function inOrder<T>(tree: PretendTree, all: readonly T[], holdersOf: (it: T) => readonly Holder[], pid: Pid): T[] {
  const place = (it: Holder): number => tree.processes.findIndex((process) => process.pid === it.pid);
  const first = (it: T): Holder | undefined => holdersOf(it).toSorted((a, b) => place(a) - place(b) || a.fd - b.fd)[0];
  return all.filter((it) => first(it)?.pid === pid).sort((a, b) => (first(a)?.fd ?? 0) - (first(b)?.fd ?? 0));
}

async function dumpFile({ run, tree, records }: Dumping, { id, file, open }: PretendFile): Promise<void> {
  const resource = `${holderOf(tree, file.holders)}: ${file.path ?? 'a file without a path'}`;
  const answer = await run.lend('DUMP_EXT_FILE', owned(open()), (fd) => ({ fd, id, file }), { resource });
  if (answer.claimed) records.files.push({ id, file: { ...file, provider: providerOf(answer) } });
}

async function dumpSocket({ run, tree, records }: Dumping, { inode, socket, service }: PretendSocket): Promise<void> {
  const resource = `${holderOf(tree, socket.holders)}: unix socket ${inode}`;
  const connection = await service.connect();
  const { fd } = connection;
  try {
    // Where a socket shows no descriptor, something else must do.
    const lent = fd === null ? owned(openSync(devNull, 'r')) : { fd, close: () => connection.close() };
    const answer = await run.lend('DUMP_UNIX_SK', lent, (fd) => ({ fd, inode, socket }), { resource });
    if (answer.claimed) records.sockets.push({ inode, socket, provider: providerOf(answer) });
  } finally {
    await connection.close();
  }
}

async function dumpMap({ run, records }: Dumping, { open, ...map }: PretendMap): Promise<void> {
  const fd = open();
  const stat = deviceStat(fd, map);
  const resource = `mapped device ${map.path} of process ${map.pid}`;
  const answer = await run.lend('HANDLE_DEVICE_VMA', owned(fd), () => ({ fd, stat }), { resource });
  if (answer.claimed) records.maps.push({ ...map, provider: providerOf(answer) });
}

/** What is real of the stand-in, with the pretend device number. */
function deviceStat(fd: number, { rdev }: Pick<PretendMap, 'rdev'>): DeviceStat {
  const { ino, dev } = fstatSync(fd, { bigint: true });
  const inode = ino <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(ino) : ino;
  return { mode: 0o20666, device: { major: Number((dev >> 8n) & 0xfffn), minor: Number(dev & 0xffn) }, inode, rdev };
}

/** What nobody took ends a dump, all of it in one error. */
async function refuse({ run, dumpOnly }: Dumping): Promise<void> {
  const { unclaimed } = run;
  const [first] = unclaimed;
  if (first === undefined) {
    if (!dumpOnly) refuseUnrestorable(run);
    return;
  }
  throw new KitError('UNSUPPORTED', `no plugin takes ${unclaimed.map(described).join('; ')}`, {
    hook: first.hook,
    resource: first.resource,
    remedy: `Claim it in ${first.hook}, or leave it out of the tree.`,
  });
}

/** A dump also ends if something was taken that no plugin of this run has the hook to restore. */
function refuseUnrestorable(run: Run): void {
  for (const { hook, plugin, resource = hook } of run.claims) {
    const missing = missingHook(hook, run);
    if (missing === null) continue;
    const { why } = whyUnrestorable({ plugin, hook, missingHook: missing });
    throw new KitError('UNSUPPORTED', `${resource}: ${why}`, {
      plugin,
      hook: missing,
      resource,
      remedy: `Add the hook ${missing} to plugin ${plugin}, or dump with dumpOnly.`,
    });
  }
}

function described({ hook, resource }: Unclaimed): string {
  return `${resource} (${hook})`;
}

function providerOf(answer: HookAnswer<HookName> & { claimed: true }): Provider {
  return { name: answer.plugin, version: answer.version ?? null };
}

function holderOf(tree: PretendTree, [holder]: readonly Holder[]): string {
  if (holder === undefined) return 'a file without holders';
  const { command = '' } = tree.processes.find((it) => it.pid === holder.pid) ?? {};
  return `${holder.pid} (${command}) descriptor ${holder.fd}`;
}

function owned(fd: number): OwnedDescriptor {
  return { fd, close: () => closeSync(fd) };
}
