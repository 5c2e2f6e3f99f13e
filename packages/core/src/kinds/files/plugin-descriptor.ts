import { EngineError } from '@criujs/engine-kit';
import { duplicate } from '@criujs/linux';
import type { Provider } from '@criujs/plugin-sdk';
import type { HookCallOptions } from '../../run/session.ts';

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
