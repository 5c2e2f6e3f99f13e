import { fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { fileType, typeOf } from '@criujs/engine-kit/externals';
import { AT_FDCWD, arena, duplicate, getFlags, trySyscall } from '@criujs/linux';
import type { Provider } from '@criujs/plugin-sdk';
import type { HookCallOptions, Session } from '../../run/session.ts';
import { accessOf, openFlag } from './flags.ts';

/** A call that was answered with a descriptor. */
interface Answered {
  readonly plugin: string;
  readonly hook: string;
  readonly resource: string;
}

/** Our own duplicate of a descriptor that a hook answered: the host closes its one when it likes. */
export function keepDescriptor(answer: unknown, from: Answered, { store: { owner } }: Pick<Session, 'store'>): number {
  const fd = typeof answer === 'object' && answer !== null && 'fd' in answer ? answer.fd : answer;
  if (typeof fd !== 'number' || !Number.isInteger(fd) || fd < 0) throw noDescriptor(fd, from);
  if (isAnothers(owner) && !mayOpen(fd)) throw notForOwner(owner, from);
  try {
    return duplicate(fd, { cloexec: true });
  } catch (error) {
    throw noDescriptor(fd, from, error);
  }
}

/** Closes what a plugin was asked about. One that has closed it itself has failed its call by that. */
export function closeLent(fd: number): void {
  trySyscall('close', fd);
}

/** Whether the images carry less authority than a plugin has, which runs with all rights of this process. */
function isAnothers(owner: number | null): owner is number {
  return owner !== null && owner !== 0 && owner !== process.geteuid?.();
}

/** What has an owner and rights that say who may open it. The others, such as sockets, are for the plugin to give. */
const guarded: ReadonlySet<number> = new Set([
  fileType.regular,
  fileType.directory,
  fileType.character,
  fileType.block,
]);

/** AT_EACCESS: by the ids for files, which are those of the owner of the images here. R_OK, W_OK. faccessat2(2) */
const AT_EACCESS = 0x200;
const needs = { read: 4, write: 2, both: 6 } as const;

/** Whether the owner of the images could have opened it. A plugin must not be talked into opening what only root may. */
function mayOpen(fd: number): boolean {
  if (!guarded.has(typeOf(fstatSync(fd).mode))) return true;
  const flags = getFlags(fd);
  const needed = flags & openFlag.O_PATH ? 0 : needs[accessOf(flags)];
  return arena.scope(() => {
    const path = arena.cstring(`/proc/self/fd/${fd}`);
    return trySyscall('faccessat2', AT_FDCWD, path.address, needed, AT_EACCESS) === 0;
  });
}

function notForOwner(owner: number, { plugin, hook, resource }: Answered): EngineError {
  const message = `the images belong to user ${owner}, who may not open what plugin ${plugin} opened for ${resource}`;
  return new EngineError('IMAGES_UNTRUSTED', message, {
    ...{ plugin, hook, resource },
    remedy: 'Give the images to root (chown) if you know who made them, or pass --trust-images (option `trustImages`).',
  });
}

function noDescriptor(fd: unknown, from: Answered, cause?: unknown): EngineError {
  const { plugin, hook, resource } = from;
  const message = `plugin ${plugin} answered ${hook} of ${resource} with ${String(fd)}, which is no open descriptor`;
  return new EngineError('HOOK_BAD_RESULT', message, {
    ...from,
    remedy: `Report this to the authors of ${plugin}.`,
    cause,
  });
}

/** Whom a call asks first: the plugin that dumped the resource. */
export function askFirst(provider: Provider | null): Pick<HookCallOptions, 'provider' | 'providerVersion'> {
  return provider === null ? {} : { provider: provider.name, providerVersion: provider.version };
}
