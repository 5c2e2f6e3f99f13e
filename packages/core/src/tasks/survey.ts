import type { EngineOptions } from '@criujs/engine-kit';
import type { Stat } from '@criujs/linux';
import type { SurveyRow } from '../files/survey.ts';
import { isProblem } from '../kinds/files/problem.ts';
import { recogniseHeld } from '../kinds/files/table.ts';
import type { Relative } from '../kinds/trees/kind.ts';
import { pathOf, processPaths } from './paths.ts';
import { recogniseSubjects } from './recognise.ts';

/** The rows of a process itself: the process, its namespaces, and everything about it that cannot be dumped. */
export function surveyTask(
  { pid, command, stat }: Relative & { stat: Pick<Stat, 'threads' | 'state'> },
  options: EngineOptions<'dump'>,
): SurveyRow[] {
  const refused = recogniseSubjects(pid).map(
    (problem): SurveyRow => ({ pid, command, subject: problem.subject, ...refusal(problem) }),
  );
  // Whose main thread has ended has neither a program nor directories to look at.
  if (stat.state === 'Z') return refused;
  const paths = processPaths.flatMap((what): SurveyRow[] => {
    const answer = recogniseHeld(pathOf(pid, what), options);
    if (!isProblem(answer)) return [];
    return [{ pid, command, subject: 'process', ...refusal({ ...answer, resource: answer.file }) }];
  });
  const row = { pid, command } as const;
  const threads = `${stat.threads} thread${stat.threads === 1 ? '' : 's'}`;
  const foreign = refused.some(({ subject }) => subject === 'namespace');
  return [
    {
      ...row,
      subject: 'process',
      resource: `program ${pathOf(pid, 'exe').link}, ${threads}, in ${pathOf(pid, 'cwd').link}`,
      taker: { engine: 'process' },
    },
    ...(foreign
      ? []
      : [
          {
            ...row,
            subject: 'namespace',
            resource: 'namespaces and mounts',
            taker: { engine: 'the same as ours' },
          } as const,
        ]),
    ...refused,
    ...paths,
  ];
}

/** The fields of a row that has no taker. */
function refusal({
  resource,
  why,
  remedy,
}: {
  resource: string;
  why: string;
  remedy: string;
}): Pick<SurveyRow, 'resource' | 'taker' | 'why' | 'remedy'> {
  return { resource, taker: null, why, remedy };
}
