import { readFileSync, writeFileSync } from 'node:fs';
import type { TaskCoreEntry } from '@criujs/images';
import type { Area, Inquiry, TaskCall } from '../engine/remote.ts';
import { membarrier, prctl } from '../facts/prctl.ts';

/** What only a process itself can tell of itself. */
export interface ProcessAnswers {
  readonly brk: bigint;
  readonly dumpable: number;
  readonly thpDisabled: boolean;
  readonly childSubreaper: boolean;
  /** Bits of the membarrier(2) commands it has registered for. */
  readonly membarrier: number;
}

/** Asks a process for its program break and flags. */
export function askProcess(area: Area): Inquiry<ProcessAnswers> {
  const subreaper = area.reserve(8);
  return {
    calls: [
      ['brk', 0],
      ['prctl', prctl.getDumpable],
      ['prctl', prctl.getThpDisable, 0, 0, 0, 0],
      ['prctl', prctl.getChildSubreaper, subreaper],
      ['membarrier', membarrier.getRegistrations, 0, 0],
    ],
    answer: ([brk, dumpable, thp, , registrations], read) => ({
      brk: BigInt(brk ?? 0),
      dumpable: dumpable ?? 0,
      thpDisabled: thp === 1,
      childSubreaper: read(subreaper, 4).readUInt32LE(0) === 1,
      // Kernels before 6.3 do not know the question.
      membarrier: Math.max(registrations ?? 0, 0),
    }),
  };
}

/** Calls that give a process its personality and flags. */
export function processCalls(core: TaskCoreEntry): TaskCall[] {
  const calls: TaskCall[] = [];
  if (core.personality !== 0)
    calls.push({
      name: 'personality',
      args: [core.personality],
      what: `set personality 0x${core.personality.toString(16)}`,
    });
  if (core.childSubreaper)
    calls.push({
      name: 'prctl',
      args: [prctl.setChildSubreaper, 1, 0, 0, 0],
      what: 'become the reaper of its descendants',
    });
  const registrations = core.membarrierRegistrationMask ?? 0;
  for (let bit = 0; bit < 32; bit++) {
    if (registrations & (1 << bit))
      calls.push({ name: 'membarrier', args: [2 ** bit, 0, 0], what: `register for membarrier command ${2 ** bit}` });
  }
  return calls;
}

/** A small number in a file of `/proc/PID`. */
export function readProcNumber(pid: number, file: 'oom_score_adj' | 'loginuid', absent: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/${file}`, 'latin1').trim());
  } catch {
    // Kernels without auditing have no loginuid.
    return absent;
  }
}

/** Sets how readily the kernel kills the process when memory runs out. Gives the reason where it may not. */
export function applyOomScore(pid: number, score: number | undefined): string[] {
  if (score === undefined || readProcNumber(pid, 'oom_score_adj', 0) === score) return [];
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
    return [];
  } catch (error) {
    return [`process ${pid}: cannot set oom_score_adj to ${score}: ${(error as NodeJS.ErrnoException).code}`];
  }
}
