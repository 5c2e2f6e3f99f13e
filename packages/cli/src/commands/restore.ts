import { resolve } from 'node:path';
import { type InheritedFd, type RestoreResult, restore, safeText } from '@criujs/core';
import type { Output } from '../output.ts';
import { openPidfile } from '../pidfile.ts';
import { type Attention, attended, type RunFlags, runOptions } from '../run-options.ts';
import { codeOfSignal, forwardSignals } from '../signals.ts';
import { formatMs } from '../units.ts';

export interface RestoreFlags extends RunFlags {
  readonly imagesDir: string;
  readonly detach: boolean;
  readonly newPids: boolean;
  readonly allowClockBehind: boolean;
  readonly allowGrownFiles: boolean;
  readonly fileLocks: boolean;
  readonly shellJob: boolean;
  readonly extUnixSk: boolean;
  readonly tcpEstablished: boolean;
  readonly tcpClose: boolean;
  readonly inheritFd: readonly InheritedFd[];
  readonly trustImages: boolean;
  readonly pidfile?: string;
}

/** @returns with `detach` 0, else the exit code of the restored root */
export async function restoreCommand(flags: RestoreFlags, cwd: string, output: Output): Promise<number> {
  const { imagesDir, detach, newPids, allowClockBehind, allowGrownFiles, fileLocks, trustImages, pidfile } = flags;
  const { shellJob, extUnixSk, tcpEstablished, tcpClose } = flags;
  const { config, ...options } = await runOptions(flags, cwd, output);
  const inheritFd = [...(config.inheritFd ?? []), ...flags.inheritFd];
  const images = resolve(cwd, imagesDir);
  const file = pidfile === undefined ? null : openPidfile(resolve(cwd, pidfile));
  let result: RestoreResult;
  try {
    const run = (attention: Attention): Promise<RestoreResult> =>
      restore({
        ...{ ...options, ...attention, images, detach, newPids, allowClockBehind },
        ...{ allowGrownFiles, fileLocks, shellJob, extUnixSk, tcpEstablished, tcpClose, inheritFd, trustImages },
      });
    result = await attended(`restoring ${imagesDir}`, output, run, passOn);
  } catch (error) {
    file?.remove();
    throw error;
  }
  const forwarding = result.exited === undefined ? null : forwardSignals(result.pid);
  file?.write(result.pid);
  for (const warning of result.warnings) output.warning(warning);
  const { pid, pids, restoreMs, totalMs, warnings } = result;
  const data = {
    ok: true,
    command: 'restore',
    images,
    detached: detach,
    pid,
    pids: Object.fromEntries(pids),
    restoreMs,
    totalMs,
    warnings,
  };
  // A program in the foreground has the terminal for itself.
  if (detach || output.json) output.result(data, safeText(describe(result, imagesDir)));
  else if (output.verbose) output.note(safeText(describe(result, imagesDir)));
  if (result.exited === undefined) return 0;
  const status = await result.exited;
  forwarding?.release();
  return status.signal === undefined ? status.code : codeOfSignal(status.signal);
}

function describe({ pid, pids, totalMs }: RestoreResult, directory: string): string {
  const moved = [...pids].filter(([old, now]) => old !== now).map(([old, now]) => `${old} is ${now} now`);
  const changes = moved.length === 0 ? '' : ` (${moved.join(', ')})`;
  const others = pids.size > 1 ? ` and ${pids.size - 1} below it` : '';
  return `restored ${pid}${others} from ${directory} in ${formatMs(totalMs)}${changes}.`;
}

/** A program in the foreground gets the signal that came too late for its restore. */
function passOn({ pid, exited }: RestoreResult, signal: number): void {
  if (exited === undefined) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, which is reported soon.
  }
}
