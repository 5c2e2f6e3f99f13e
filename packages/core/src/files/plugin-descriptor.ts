import { nameOf } from '@criujs/engine-kit';
import { duplicate, getFlags, LinuxError, setFlags } from '@criujs/linux';
import type { Provider } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { HookCallOptions } from '../run/session.ts';
import { statusFlags } from './flags.ts';

/** Our own duplicate of a descriptor that a hook answered: the host closes its one when it likes. */
export function keepDescriptor(answer: unknown, from: { plugin: string; hook: string; resource: string }): number {
  const fd = typeof answer === 'object' && answer !== null && 'fd' in answer ? answer.fd : answer;
  if (typeof fd !== 'number' || !Number.isInteger(fd) || fd < 0) throw noDescriptor(fd, from);
  try {
    return duplicate(fd, { cloexec: true });
  } catch (error) {
    throw noDescriptor(fd, from, error);
  }
}

function noDescriptor(
  fd: unknown,
  from: { plugin: string; hook: string; resource: string },
  cause?: unknown,
): EngineError {
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

/** No plugin claims what one had dumped. */
export function nobodyOpens(resource: string, provider: Provider | null): EngineError {
  if (provider === null) {
    return new EngineError(
      'PLUGIN_MISSING',
      `no plugin opens ${resource}, and the images do not say which one dumped it`,
      {
        resource,
        remedy: 'Load the plugin that made the dump (--plugin, option `plugins`).',
      },
    );
  }
  return new EngineError(
    'PLUGIN_FAILED',
    `${resource} was dumped by plugin ${nameOf(provider)}; the one that is loaded does not open it again, nor does another`,
    {
      resource,
      plugin: provider.name,
      remedy: `Load the version of ${provider.name} that dumped it.`,
    },
  );
}

/** Makes the status flags what they were; whether that worked. */
export function restoreFlags(fd: number, flags: number): boolean {
  const now = getFlags(fd);
  const wanted = (now & ~statusFlags) | (flags & statusFlags);
  if (now === wanted) return true;
  try {
    setFlags(fd, wanted);
    return true;
  } catch (error) {
    if (error instanceof LinuxError) return false;
    throw error;
  }
}
