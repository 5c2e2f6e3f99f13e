import { readStat, unlessGone } from '@criujs/linux';
import type { CriuError } from '@criujs/plugin-sdk';
import { hasEnded, isEnding } from './ended.ts';

/** Whether a hook threw about a process that has ended meanwhile, or is about to: nothing is left that a run could fail for. */
export function isMoot(error: unknown, pid: number): boolean {
  const { code } = Object(error) as Partial<CriuError>;
  return code === 'HOOK_FAILED' && isGoing(pid);
}

function isGoing(pid: number): boolean {
  const stat = unlessGone(() => readStat(pid), null);
  return stat === null || hasEnded(stat) || isEnding(pid, stat);
}
