import { readFileSync } from 'node:fs';

/** A small number in a file of `/proc/PID`. */
export function readProcNumber(pid: number, file: 'oom_score_adj' | 'loginuid', absent: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/${file}`, 'latin1').trim());
  } catch {
    // Kernels without auditing have no loginuid.
    return absent;
  }
}
