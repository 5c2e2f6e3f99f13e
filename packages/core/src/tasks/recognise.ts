import type { PlanSubject, Refusal } from '@criujs/engine-kit';
import { hasEnded } from '@criujs/engine-kit/targets';
import { readStat, readStatus, readThreads, unlessGone } from '@criujs/linux';
import type { ProcessProblem, SeenProcess, SeenThread } from '../kinds/processes/kind.ts';
import { processKinds } from '../kinds/processes/table.ts';
import type { FrozenTask } from '../machinery/freeze/freeze.ts';

/** What of a process cannot be dumped, and the subject it belongs to. */
export type SubjectProblem = ProcessProblem & { readonly subject: PlanSubject };

/** Looks at what has to do with the process itself, neither with its files nor with its memory, while it may run. */
export function recogniseSubjects(pid: number): SubjectProblem[] {
  const stat = readStat(pid);
  if (hasEnded(stat)) return [];
  const others =
    stat.threads <= 1 || stat.state === 'Z' ? [] : unlessGone(() => readThreads(pid), []).filter((tid) => tid !== pid);
  const threads = others.map(
    (tid): SeenThread => ({ tid, status: () => unlessGone(() => readStatus(pid, tid), null) }),
  );
  return problemsOf({ pid, stat, status: readStatus(pid), others: threads, traced: false });
}

/** The same as refusals of a dump, of a process that stands still under our trace. */
export function recogniseTask({ pid, command, stat, status, threads }: FrozenTask): Refusal[] {
  const others = threads
    .filter(({ tid }) => tid !== pid)
    .map(({ tid, status: own }): SeenThread => ({ tid, status: () => own }));
  return problemsOf({ pid, stat, status, others, traced: true }).map(({ resource, why, remedy }) => ({
    pid,
    command,
    resource,
    why,
    remedy,
  }));
}

function problemsOf(seen: SeenProcess): SubjectProblem[] {
  return processKinds.flatMap(({ subject = 'process', recognise }) =>
    (recognise?.(seen) ?? []).map((problem) => ({ ...problem, subject })),
  );
}
