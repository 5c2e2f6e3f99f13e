import { setTimeout as sleep } from 'node:timers/promises';
import { type HookName, type Pid, type Provider, pid, retryLater } from '@criujs/plugin-sdk';
import { KitError } from './errors.ts';
import type { DumpReport, PretendImage, RestoredDescriptor, RestoreReport } from './report.ts';
import {
  type AskOptions,
  conduct,
  descriptorIn,
  type EngineOrder,
  type Run,
  type RunSettings,
  settingsOf,
} from './run.ts';
import { memorySections } from './sections.ts';

export interface RestoreSettings extends RunSettings {
  /** New pids by old ones; default: as they were. */
  readonly pids?: Readonly<Record<number, number>> | undefined;
  /** Where the original file tree is, for RESTORE_EXT_MOUNT. */
  readonly oldRoot?: string | undefined;
  /** Milliseconds that files are waited for whose plugin answers "later". Default 1 000. */
  readonly patience?: number | undefined;
  /** Looks at a descriptor while it is open. What it throws fails the test. */
  readonly inspect?: ((descriptor: RestoredDescriptor) => void | Promise<void>) | undefined;
}

/**
 * Restores what {@link dump} left, as often as one likes. What goes wrong is in the report.
 * @throws KitError NO_IMAGE when the dump failed; BAD_FAULT; whatever `inspect` threw
 */
export async function restore(
  from: DumpReport | PretendImage,
  given: RestoreSettings | RestoreSettings['plugins'],
): Promise<RestoreReport> {
  const image = imageOf(from);
  const settings = settingsOf<RestoreSettings>(given);
  const descriptors: RestoredDescriptor[] = [];
  const sections = memorySections(image.sections, image.imageVersions);
  sections.required = image.required ?? [];
  const report = await conduct('restore', settings, sections, async (run) => {
    const restoring: Restoring = { run, image: structuredClone(image), settings, descriptors };
    for (const step of orders[settings.order ?? 'criu']) await step(restoring);
  });
  return { ...report, descriptors };
}

function imageOf(from: DumpReport | PretendImage): PretendImage {
  if (!('stage' in from)) return from;
  if (from.image !== undefined) return from.image;
  const why = from.error === undefined ? 'a pre-dump leaves no image' : `the dump failed: ${from.error.message}`;
  throw new KitError('NO_IMAGE', `there is no image to restore: ${why}`, {
    remedy: 'Look at error of the dump’s report.',
    cause: from.error,
  });
}

interface Restoring {
  readonly run: Run;
  readonly image: PretendImage;
  readonly settings: RestoreSettings;
  readonly descriptors: RestoredDescriptor[];
}

type Step = (restoring: Restoring) => Promise<void>;

/** The steps of a restore that call plugins, in the order of each engine. */
const orders: Readonly<Record<EngineOrder, readonly Step[]>> = {
  criu: [begin, mounts, forked, files, maps, resume],
  embedded: [begin, files, forked, mounts, maps, resume],
};

async function begin({ run }: Restoring): Promise<void> {
  await run.ask('RESTORE_INIT', {});
}

async function forked({ run }: Restoring): Promise<void> {
  await run.ask('POST_FORKING', {});
}

async function resume({ run, image, settings }: Restoring): Promise<void> {
  const [root, ...others] = image.processes.map(({ pid: old }): Pid => pid(settings.pids?.[old] ?? old));
  await run.settle();
  if (root !== undefined) await run.tell('RESUME_DEVICES_LATE', [root, ...others]);
}

async function mounts({ run, image, settings }: Restoring): Promise<void> {
  const { oldRoot = '/criujs-old-root' } = settings;
  for (const { id, mountpoint, provider } of image.mounts) {
    const how = { resource: `mount ${id} (${mountpoint})`, ...askFor(provider) };
    const { claimed } = await run.ask('RESTORE_EXT_MOUNT', { id, mountpoint, oldRoot }, how);
    if (!claimed) throw nobodyRestores('RESTORE_EXT_MOUNT', how);
  }
}

async function maps({ run, image, settings, descriptors }: Restoring): Promise<void> {
  for (const { path, address, offset, pid: old, provider } of image.maps) {
    const how = { resource: `memory map 0x${address.toString(16)} (${path}) of process ${old}`, ...askFor(provider) };
    const answer = await run.ask('UPDATE_VMA_MAP', { path, address, oldOffset: offset }, how);
    // Nobody answers: it is mapped again as it was.
    const descriptor = answer.claimed ? descriptorIn(answer.result) : undefined;
    if (!answer.claimed || descriptor === undefined) continue;
    await show(
      { hook: 'UPDATE_VMA_MAP', plugin: answer.plugin, resource: how.resource, fd: descriptor.fd },
      descriptors,
      settings,
    );
  }
}

/** Sockets, then files; those that answer "later" after all others, again and again while anything moves. */
async function files(restoring: Restoring): Promise<void> {
  const { image, settings } = restoring;
  for (const socket of image.sockets) await openSocket(restoring, socket);
  let waiting = [...image.files];
  let left = settings.patience ?? 1000;
  while (waiting.length > 0) {
    const later: typeof waiting = [];
    for (const file of waiting) if (!(await openFile(restoring, file))) later.push(file);
    if (later.length === waiting.length) {
      if (left <= 0) throw stillLater(later);
      await sleep(step);
      left -= step;
    }
    waiting = later;
  }
}

/** Milliseconds between two rounds in which nothing moved. */
const step = 20;

async function openSocket(
  { run, settings, descriptors }: Restoring,
  { inode, socket, provider }: PretendImage['sockets'][number],
): Promise<void> {
  const how = { resource: `unix socket ${inode}`, ...askFor(provider) };
  const answer = await run.ask('RESTORE_UNIX_SK', { inode, socket }, how);
  const descriptor = answer.claimed ? descriptorIn(answer.result) : undefined;
  if (!answer.claimed || descriptor === undefined) throw nobodyRestores('RESTORE_UNIX_SK', how);
  const { flags } = socket;
  await show(
    { hook: 'RESTORE_UNIX_SK', plugin: answer.plugin, resource: how.resource, fd: descriptor.fd, flags },
    descriptors,
    settings,
  );
}

/** Whether it is open now. */
async function openFile(
  { run, settings, descriptors }: Restoring,
  { id, file }: PretendImage['files'][number],
): Promise<boolean> {
  const how = { resource: `file ${id}${file.path === null ? '' : ` (${file.path})`}`, ...askFor(file.provider) };
  const answer = await run.ask('RESTORE_EXT_FILE', { id, file }, how);
  if (answer.claimed && answer.result === retryLater) return false;
  const descriptor = answer.claimed ? descriptorIn(answer.result) : undefined;
  if (!answer.claimed || descriptor === undefined) throw nobodyRestores('RESTORE_EXT_FILE', how);
  const { flags, position } = file;
  const { plugin } = answer;
  await show(
    { hook: 'RESTORE_EXT_FILE', plugin, resource: how.resource, fd: descriptor.fd, flags, position },
    descriptors,
    settings,
  );
  return true;
}

async function show(it: RestoredDescriptor, all: RestoredDescriptor[], { inspect }: RestoreSettings): Promise<void> {
  all.push(it);
  await inspect?.(it);
}

function askFor(provider: Provider | null): AskOptions {
  return provider === null ? {} : { provider: provider.name, providerVersion: provider.version };
}

function nobodyRestores(hook: HookName, { resource, provider }: AskOptions): KitError {
  if (provider === undefined) {
    return new KitError(
      'PLUGIN_MISSING',
      `no plugin restores ${resource}, and the image does not say which one dumped it`,
      {
        hook,
        resource,
        remedy: `Answer it in ${hook}.`,
      },
    );
  }
  return new KitError(
    'PLUGIN_FAILED',
    `${resource} was dumped by plugin ${provider}; neither it nor another plugin restores it`,
    {
      plugin: provider,
      hook,
      resource,
      remedy: `Answer it in ${hook}.`,
    },
  );
}

function stillLater(files: PretendImage['files']): KitError {
  const ids = files.map(({ id }) => id).join(', ');
  return new KitError(
    'PLUGIN_FAILED',
    `file ${ids}: RESTORE_EXT_FILE answers "later" still, and no other file is left to wait for`,
    {
      hook: 'RESTORE_EXT_FILE',
      remedy: 'Answer a descriptor once what it waits for is there.',
    },
  );
}
