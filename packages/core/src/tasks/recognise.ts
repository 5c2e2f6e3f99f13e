import type { PlanSubject, Refusal } from '@criujs/engine-kit';
import { hasEnded } from '@criujs/engine-kit/targets';
import { readStat, readStatus } from '@criujs/linux';
import type { ProcessProblem } from '../kinds/processes/kind.ts';
import { processKinds } from '../kinds/processes/table.ts';

/** What of a process cannot be dumped, and the subject it belongs to. */
export type SubjectProblem = ProcessProblem & { readonly subject: PlanSubject };

/**
 * What has to do with the process itself, neither with its files nor with its memory.
 * @param traced whether it is traced by us
 */
export function recogniseSubjects(pid: number, traced: boolean): SubjectProblem[] {
  const stat = readStat(pid);
  if (hasEnded(stat)) return [];
  const seen = { pid, stat, status: readStatus(pid), traced };
  return processKinds.flatMap(({ subject = 'process', recognise }) =>
    (recognise?.(seen) ?? []).map((problem) => ({ ...problem, subject })),
  );
}

/** The same as refusals of a dump, of a process that stands still under our trace. */
export function recogniseTask(pid: number): Refusal[] {
  const { comm: command } = readStat(pid);
  return recogniseSubjects(pid, true).map(({ resource, why, remedy }) => ({ pid, command, resource, why, remedy }));
}
