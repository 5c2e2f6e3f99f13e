import { EngineError, type MemoryRecord, type Refusal } from '@criujs/engine-kit';
import type { Vma } from '@criujs/linux';
import type { CollectedFiles } from '../../files/collect.ts';
import type { Conversation, ProcessPart, Question } from '../../kinds/processes/kind.ts';
import { processKinds } from '../../kinds/processes/table.ts';
import type { ThreadPart } from '../../kinds/threads/kind.ts';
import { threadKinds } from '../../kinds/threads/table.ts';
import { type Area, askInBatches, askSideBySide } from '../../machinery/calls/ask.ts';
import type { FrozenTask, FrozenTree } from '../../machinery/freeze/freeze.ts';
import { type Infection, infect } from '../../machinery/infect/infect.ts';
import { readThread, type ThreadState } from '../../machinery/infect/threads.ts';
import { pathOf, type processPaths } from '../../tasks/paths.ts';
import { type DumpedMap, describeMaps } from './maps.ts';
import { askNewLocks } from './new-locks.ts';
import { askKeys } from './protection-keys.ts';

/** All that is known of a process before anything is asked of it: read from outside, nothing changed. */
export interface OutsideView {
  readonly task: FrozenTask;
  readonly threads: readonly ThreadState[];
  readonly maps: readonly DumpedMap[];
  readonly stale: readonly Vma[];
  readonly exe: number;
  readonly cwd: number;
  readonly root: number;
  /** What each kind has to write, of the process and of each thread. */
  readonly own: readonly ProcessPart[];
  readonly ofThreads: readonly (readonly ThreadPart[])[];
}

/** What only the process can tell of its memory as a whole. */
type MemoryAnswers = Pick<MemoryRecord, 'locksNew' | 'keys'>;

/** So many are asked before an abort is heard. */
const threadsAtOnce = 64;

/** What the process and its threads answered about themselves. */
export interface InsideView extends MemoryAnswers {
  readonly own: readonly ProcessPart[];
  readonly ofThreads: readonly (readonly ThreadPart[])[];
}

/**
 * Looks at a frozen process from outside. What nobody can dump is added to `refusals`.
 * @param check called again and again; what it throws ends the look
 */
export function lookAt(task: FrozenTask, files: CollectedFiles, refusals: Refusal[], check: () => void): OutsideView {
  check();
  const { maps, refusals: refusedMaps, stale } = describeMaps(task, files);
  refusals.push(...refusedMaps);
  const threads = task.threads.map((thread) => {
    check();
    return readThread(task.pid, thread);
  });
  const { pid, command } = task;
  for (const thread of task.threads)
    refusals.push(
      ...threadKinds.flatMap((kind) => (kind.recognise?.(thread) ?? []).map((it) => ({ pid, command, ...it }))),
    );
  return {
    task,
    threads,
    maps,
    stale,
    exe: addPathOf(task.pid, 'exe', files),
    cwd: addPathOf(task.pid, 'cwd', files),
    root: addPathOf(task.pid, 'root', files),
    own: processKinds.flatMap((kind) => kind.look?.(task) ?? []),
    ofThreads: task.threads.map((thread, at) => {
      check();
      return threadKinds.flatMap((kind) => kind.look?.(thread, threads[at] as ThreadState) ?? []);
    }),
  };
}

function addPathOf(pid: number, what: (typeof processPaths)[number], files: CollectedFiles): number {
  return files.addPath(pathOf(pid, what));
}

/** What is asked of each process of a tree in turn, where one answer decides what is asked next. */
export function conversations(): readonly Conversation[] {
  return processKinds.flatMap((kind) => kind.converse?.() ?? []);
}

/**
 * Infects one process, asks what only it can tell, and cures it again.
 * @param talks {@link conversations}
 * @param check called where nothing is half done; what it throws comes after the cure
 */
export function ask(
  tree: FrozenTree,
  view: OutsideView,
  talks: readonly Conversation[],
  check: () => void,
): InsideView {
  check();
  const { task, threads, stale } = view;
  const infection = infect(task, threads, () => tree.stopLater(task.pid));
  const askAt = <Part>(at: number, questions: readonly Question<Part>[]): Part[] =>
    askInBatches((calls) => infection.run(at, calls), { pid: task.pid, ...infection.area }, questions);
  const threadQuestions = (at: number): Question<ThreadPart>[] => {
    const thread = task.threads[at];
    if (thread === undefined) return [];
    return threadKinds.flatMap(({ ask: askThread }) => (askThread ? [(area: Area) => askThread(area, thread)] : []));
  };
  /** The process and its main thread in one batch: each is a stop of its own. */
  const askMain = (): Pick<InsideView, 'locksNew' | 'keys' | 'own'> & { readonly main: ThreadPart[] } => {
    const locks = listenTo(askNewLocks(task.pid));
    const keys = listenTo(askKeys());
    const own = [clean(stale), ...processKinds.flatMap((kind) => kind.ask?.(task) ?? [])].map(listenTo);
    const main = threadQuestions(0).map(listenTo);
    askAt(
      0,
      [locks, keys, ...own, ...main].map(({ question }) => question),
    );
    return {
      ...locks.heard(),
      ...keys.heard(),
      own: own.map(({ heard }) => heard()),
      main: main.map(({ heard }) => heard()),
    };
  };
  const askAll = (): InsideView => {
    const { main, ...own } = askMain();
    const others = threads.slice(1).map((_, at) => ({ at: at + 1, questions: threadQuestions(at + 1) }));
    const ofThreads = [main];
    for (let from = 0; from < others.length; from += threadsAtOnce) {
      check();
      const some = others.slice(from, from + threadsAtOnce);
      const answers = askSideBySide(infection.runSideBySide, some);
      ofThreads.push(...some.map(({ at, questions }, which) => answers[which] ?? askAt(at, questions)));
    }
    const said = talks.map((talk) => talk(task, { ...infection, check }));
    return { ...own, own: [...own.own, ...said], ofThreads };
  };
  let inside: InsideView;
  try {
    inside = askAll();
  } catch (error) {
    cureAfter(infection);
    throw error;
  }
  infection.cure();
  return inside;
}

/** A question whose answer is kept, so that questions of several kinds can be asked together. */
function listenTo<Part>(question: Question<Part>): { readonly question: Question<void>; heard(): Part } {
  const answers: Part[] = [];
  return {
    question(area) {
      const { calls, answer } = question(area);
      return { calls, answer: (results, read) => void answers.push(answer(results, read)) };
    },
    heard() {
      const [answer] = answers;
      if (answer === undefined) throw new EngineError('INTERNAL', 'a question was not asked');
      return answer;
    },
  };
}

/** What the threads of a process told, and nobody can dump. */
export function refusedInside({ task: { pid, command } }: OutsideView, { ofThreads }: InsideView): Refusal[] {
  const problems = new Map(ofThreads.flat().flatMap(({ refused = [] }) => refused.map((it) => [it.resource, it])));
  return [...problems.values()].map((problem) => ({ pid, command, ...problem }));
}

/** After a failure: a thread that has ended, or that is still in a call, cannot be cured. The second has its own way out. */
function cureAfter(infection: Infection): void {
  try {
    infection.cure();
  } catch {
    // What failed first is what counts.
  }
}

/** Takes out what an engine that was killed had left. */
function clean(stale: readonly Vma[]): Question<ProcessPart> {
  return () => ({ calls: stale.map(({ start, end }) => ['munmap', start, end - start]), answer: () => ({}) });
}
