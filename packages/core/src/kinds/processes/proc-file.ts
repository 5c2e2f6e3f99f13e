import { writeFileSync } from 'node:fs';
import { readText } from '@criujs/linux';
import type { RestoredProcess } from './kind.ts';

/** A small number in a file of `/proc/PID`. */
export function readProcNumber(pid: number, file: 'oom_score_adj' | 'loginuid', absent: number): number {
  try {
    return Number(readText(pid, file).trim());
  } catch {
    // Kernels without auditing have no loginuid.
    return absent;
  }
}

/**
 * Writes a file of `/proc/PID`; a failure is a warning.
 * @param what what that does, in words: `set oom_score_adj to 5`
 */
export function writeProcFile({ pid, warn }: RestoredProcess, file: string, text: string, what: string): void {
  try {
    writeFileSync(`/proc/${pid}/${file}`, text);
  } catch (error) {
    warn(`cannot ${what}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
