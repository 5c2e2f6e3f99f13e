import { closeFd, pidfdOpen } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { PlanRow } from '../options.ts';
import { describeFile } from './describe.ts';
import type { SeenFile, SeenProcess, Tree } from './kind.ts';
import { isProblem, recognise } from './kinds.ts';
import { errorCode, glanceAtFiles, isVanished } from './seen.ts';
import { createTree } from './tree.ts';

/** One descriptor of one process, and who would take it. */
export type SurveyRow = PlanRow;

/**
 * Says of every descriptor who would dump it. Looks only: nothing is frozen, no plugin is called, and what vanishes meanwhile
 * is left out.
 */
export function surveyFiles(
  processes: readonly SeenProcess[],
  hooks: { serves(hook: HookName): boolean },
): SurveyRow[] {
  const pidfds = new Map<number, number>();
  function pidfdOf(pid: number): number {
    const pidfd = pidfds.get(pid) ?? pidfdOpen(pid);
    pidfds.set(pid, pidfd);
    return pidfd;
  }
  try {
    const seen = processes.map((process) => glance(process));
    const tree = createTree(
      seen.flatMap(({ files }) => files),
      hooks,
      pidfdOf,
    );
    return seen.flatMap(({ row, files }) => [...row, ...files.flatMap((file) => survey(file, tree))]);
  } finally {
    for (const pidfd of pidfds.values()) closeFd(pidfd);
  }
}

/** The descriptors of a process; a row instead when one may not look. */
function glance(process: SeenProcess): { readonly files: readonly SeenFile[]; readonly row: readonly SurveyRow[] } {
  try {
    return { files: glanceAtFiles(process), row: [] };
  } catch (error) {
    if (isVanished(error)) return { files: [], row: [] };
    if (!['EACCES', 'EPERM'].includes(errorCode(error))) throw error;
    const why = 'the kernel does not permit this user to look at them';
    const remedy = 'Run as the user of that process or as root.';
    return { files: [], row: [{ ...process, resource: 'descriptors', taker: null, why, remedy }] };
  }
}

function survey(file: SeenFile, tree: Tree): SurveyRow[] {
  const { pid, command } = file;
  const resource = (what: string): string => `descriptor ${file.fd}: ${what}`;
  try {
    const answer = recognise(file, tree);
    if (isProblem(answer)) {
      const { why, remedy } = answer;
      return [{ pid, command, resource: resource(answer.file), taker: null, why, remedy }];
    }
    const taker = answer.hook === undefined ? { engine: answer.name } : { plugin: null, hook: answer.hook };
    return [{ pid, command, resource: resource(describeFile(file, tree)), taker }];
  } catch (error) {
    if (isVanished(error)) return [];
    if (!(error instanceof EngineError) || error.remedy === undefined) throw error;
    const { message: why, remedy } = error;
    return [{ pid, command, resource: resource(file.link), taker: null, why, remedy }];
  }
}
