import { EngineError } from '../errors/errors.ts';
import type { RunOptions } from './options.ts';

/** @throws EngineError BAD_OPTION */
export function checkPid(pid: number): void {
  if (Number.isSafeInteger(pid) && pid > 0) return;
  throw new EngineError('BAD_OPTION', `${pid} is not a pid`, { remedy: 'Give the number that ps(1) shows as PID.' });
}

/** @throws EngineError UNSUPPORTED_PLATFORM */
export function checkPlatform(): void {
  if (process.platform === 'linux' && process.arch === 'x64') return;
  throw new EngineError('UNSUPPORTED_PLATFORM', `there is no engine for ${process.platform} on ${process.arch}`, {
    remedy: 'Run it on Linux on x86-64.',
  });
}

/** @throws EngineError BAD_OPTION */
export function checkOptions({ hookDeadline, plugins }: RunOptions): void {
  if (hookDeadline !== undefined && !(hookDeadline > 0 && hookDeadline <= 2 ** 31 - 1)) {
    throw new EngineError('BAD_OPTION', `a hook deadline of ${hookDeadline} is not valid`, {
      remedy: 'Give milliseconds, more than 0.',
    });
  }
  if (plugins !== undefined && plugins !== 'installed' && !Array.isArray(plugins)) {
    throw new EngineError('BAD_OPTION', "`plugins` is neither an array nor 'installed'", {
      remedy: "Give names, paths or plugins: plugins: ['./my-plugin.ts'], or all: plugins: 'installed'.",
    });
  }
}
