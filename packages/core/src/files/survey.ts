import { EngineError, type EngineOptions, type FoundRow, type PlanSubject } from '@criujs/engine-kit';
import { closeFd, isGone, pidfdOpen } from '@criujs/linux';
import type { HookName } from '@criujs/plugin-sdk';
import type { Steps } from '../engine/steps.ts';
import { describeFile, descriptorResource } from '../kinds/files/describe.ts';
import type { Problem, SeenFile, SeenProcess, Tree } from '../kinds/files/held.ts';
import type { ClaimQuestion } from '../kinds/files/kind.ts';
import { errorCode, glanceAtFiles } from '../kinds/files/seen.ts';
import { type PluginKind, type Recognised, recognise, whyNoPlugin } from '../kinds/files/table.ts';
import { mayCarryFiles } from './in-flight.ts';
import { compareIfPermitted, type Description, groupFiles, holdersByProcess } from './same.ts';
import { createTree, isClosed } from './tree.ts';

/** A row of a plan as far as looking can tell. */
export interface SurveyRow extends FoundRow {
  /** What a plan asks the plugins about it; rows about one open file have the same. */
  readonly question?: ClaimQuestion;
  /** What it asks when no plugin claims that. */
  readonly otherwise?: ClaimQuestion;
  /** The kind of the engine's that takes it if no plugin does. */
  readonly instead?: string;
  /** Nobody takes it, and it is over in a moment by itself. */
  readonly passes?: true;
}

/** An open file that plugins are asked for as for any file. */
export interface ExternalFile extends Description {
  readonly question: ClaimQuestion;
}

/** What looking at all descriptors came to. */
export interface FileSurvey {
  /** One row for each open file of each process. */
  readonly rows: readonly SurveyRow[];
  /** Those of plugins that memory maps may have been made from. */
  readonly externals: readonly ExternalFile[];
  /** Every descriptor. */
  readonly seen: readonly SeenFile[];
}

/**
 * Says of every descriptor who would dump it. Looks only: nothing is frozen, no plugin is called, and what vanishes meanwhile
 * is left out.
 */
export function* surveyFiles(
  processes: readonly SeenProcess[],
  hooks: { serves(hook: HookName): boolean },
  options: EngineOptions<'dump'>,
): Steps<FileSurvey> {
  const pidfds = new Map<number, number>();
  function pidfdOf(pid: number): number {
    const pidfd = pidfds.get(pid) ?? pidfdOpen(pid);
    pidfds.set(pid, pidfd);
    return pidfd;
  }
  try {
    const seen: ReturnType<typeof glance>[] = [];
    for (const process of processes) {
      yield;
      seen.push(glance(process));
    }
    const all = seen.flatMap(({ files }) => files);
    const tree = withFlying(createTree(all, { processes, hooks, options, pidfdOf, runs: true }));
    let lastId = 0;
    const files = groupFiles(all, () => ++lastId, compareIfPermitted);
    const commands = new Map(processes.map(({ pid, command }) => [pid, command]));
    const surveyed: Surveyed[] = [];
    for (const file of files.all) {
      yield;
      surveyed.push(...survey(file, tree, commands));
    }
    return {
      rows: [...seen.flatMap(({ row }) => row), ...surveyed.flatMap(({ rows }) => rows)],
      externals: surveyed.flatMap(({ external }) => external ?? []),
      seen: all,
    };
  } finally {
    for (const pidfd of pidfds.values()) closeFd(pidfd);
  }
}

/** The descriptors of a process; a row instead when one may not look. */
function glance(process: SeenProcess): { readonly files: readonly SeenFile[]; readonly row: readonly SurveyRow[] } {
  try {
    return { files: glanceAtFiles(process), row: [] };
  } catch (error) {
    if (isGone(error)) return { files: [], row: [] };
    if (!['EACCES', 'EPERM'].includes(errorCode(error))) throw error;
    const { pid, command } = process;
    const why = 'the kernel does not permit this user to look at them';
    const remedy = 'Run as the user of that process or as root.';
    return { files: [], row: [{ pid, command, subject: 'file', resource: 'descriptors', taker: null, why, remedy }] };
  }
}

interface Surveyed {
  readonly rows: readonly SurveyRow[];
  readonly external?: ExternalFile;
}

/**
 * What seems to be outside of the tree may be on its way through a socket. That can be told when the tree stands still, and is refused
 * then.
 */
function withFlying(tree: Tree): Tree {
  let may: { readonly some: boolean; readonly seen: boolean } | undefined;
  const carries = (): { readonly some: boolean; readonly seen: boolean } => {
    may ??= mayCarryFiles(tree);
    return may;
  };
  return {
    ...tree,
    isPipeOpenOutside: (file) => tree.isPipeOpenOutside(file) && !carries().some,
    holdsSocket: (inode) => tree.holdsSocket(inode) || (tree.unixSocket(inode) !== undefined && carries().seen),
  };
}

/** One open file: a row for each process that has it. */
function survey(file: Description, tree: Tree, commands: ReadonlyMap<number, string>): Surveyed[] {
  const { seen, holders } = file;
  const subject: PlanSubject = seen.link.startsWith('socket:') ? 'socket' : 'file';
  const rows = (
    what: string,
    found: Pick<SurveyRow, 'taker' | 'why' | 'remedy' | 'questions' | 'question' | 'otherwise' | 'instead' | 'passes'>,
  ): SurveyRow[] =>
    [...holdersByProcess(holders)].map(([pid, descriptors]) => ({
      pid,
      command: commands.get(pid) ?? seen.command,
      subject,
      resource: descriptorResource(descriptors, what),
      descriptors,
      file: what,
      ...found,
    }));
  const refused = ({ file: what, why, remedy, passes, questions }: Problem): Surveyed[] => [
    { rows: rows(what, { taker: null, why, remedy, ...(passes && { passes }), ...(questions && { questions }) }) },
  ];
  try {
    const recognised = recognise(seen, tree);
    const { engine, byPlugins, instead, problem, refusal } = recognised;
    if (engine !== null) return [{ rows: rows(describeFile(seen, tree), { taker: { engine: engine.name } }) }];
    const questions = byPlugins.map((kind) => questionOf(kind, file, tree, recognised));
    const [question, otherwise] = questions;
    if (question === undefined) return refused(refusal(whyNoPlugin(recognised)));
    const taker = { plugin: null, hook: question.hook, claimed: false, asked: [] };
    const what = problem?.file ?? describeFile(seen, tree);
    const asAny = questions.find(({ hook }) => hook === 'DUMP_EXT_FILE');
    return [
      {
        rows: rows(what, {
          ...{ taker, question },
          ...(otherwise && { otherwise }),
          ...(instead && { instead: instead.name }),
        }),
        ...(asAny && { external: { ...file, question: asAny } }),
      },
    ];
  } catch (error) {
    if (isGone(error) || isClosed(error)) return [];
    if (!(error instanceof EngineError) || error.code === 'INTERNAL') throw error;
    return refused({ file: seen.link, why: error.message, remedy: error.remedy });
  }
}

function questionOf(
  { plugins }: PluginKind,
  { seen, holders }: Description,
  tree: Tree,
  { refusal, reason }: Recognised,
): ClaimQuestion {
  const question = plugins.question(seen, holders, tree);
  const unclaimed = (why: string): Problem => refusal(why);
  return question.hook === 'DUMP_EXT_FILE' ? { ...question, unclaimed, reason } : { ...question, unclaimed };
}
