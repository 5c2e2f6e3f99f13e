import type { MessageInitShape, RlimitEntrySchema, SaEntrySchema } from '@criujs/images';
import { readAuxv, readPersonality, type Vma } from '@criujs/linux';
import type { Refusal } from '../../errors.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import { askSecurebits } from '../../tasks/credentials.ts';
import { limitEntries } from '../../tasks/limits.ts';
import { pathOf, type processPaths } from '../../tasks/paths.ts';
import { askProcess, type ProcessAnswers, readProcNumber } from '../../tasks/process.ts';
import { askActions } from '../../tasks/signals.ts';
import { askThread, type ThreadAnswers } from '../../tasks/threads.ts';
import { askTimers } from '../../tasks/timers.ts';
import { type Answers, type Area, createArea, type Inquiries, type Inquiry, inquire } from '../remote.ts';
import type { FrozenTask, FrozenThread, FrozenTree } from './freeze.ts';
import { type Infection, infect } from './infect.ts';
import { type DumpedMap, describeMaps } from './maps.ts';
import { readThread, type ThreadState } from './threads.ts';

/** All that is known of a process before anything is asked of it: read from outside, nothing changed. */
export interface OutsideView {
  readonly task: FrozenTask;
  readonly threads: readonly ThreadState[];
  readonly pending: readonly Buffer[];
  readonly maps: readonly DumpedMap[];
  readonly stale: readonly Vma[];
  readonly exe: number;
  readonly cwd: number;
  readonly root: number;
  readonly limits: readonly MessageInitShape<typeof RlimitEntrySchema>[];
  readonly auxv: readonly bigint[];
  readonly personality: number;
  readonly oomScore: number;
  readonly loginuid: number;
}

/** What the process told of itself. */
export interface InsideView {
  readonly actions: readonly MessageInitShape<typeof SaEntrySchema>[];
  readonly timers: ReturnType<ReturnType<typeof askTimers>['answer']>;
  readonly process: ProcessAnswers;
  readonly threads: readonly (ThreadAnswers & { readonly secbits: number })[];
}

/** AUDIT_SID_UNSET: no login stands behind the process. */
const noLogin = 0xffff_ffff;

/**
 * Looks at a frozen process from outside. What nobody can dump is added to `refusals`.
 * @param check called again and again; what it throws ends the look
 */
export function lookAt(task: FrozenTask, files: CollectedFiles, refusals: Refusal[], check: () => void): OutsideView {
  check();
  const { maps, refusals: refusedMaps, stale } = describeMaps(task, files);
  refusals.push(...refusedMaps);
  return {
    task,
    threads: task.threads.map((thread) => {
      check();
      return readThread(task.pid, thread);
    }),
    pending: (task.threads[0] as FrozenThread).tracee.pendingSignals(true),
    maps,
    stale,
    exe: addPathOf(task.pid, 'exe', files),
    cwd: addPathOf(task.pid, 'cwd', files),
    root: addPathOf(task.pid, 'root', files),
    limits: limitEntries(task.pid),
    auxv: readAuxv(task.pid),
    personality: readPersonality(task.pid),
    oomScore: readProcNumber(task.pid, 'oom_score_adj', 0),
    loginuid: readProcNumber(task.pid, 'loginuid', noLogin),
  };
}

function addPathOf(pid: number, what: (typeof processPaths)[number], files: CollectedFiles): number {
  const { path, stat } = pathOf(pid, what);
  return files.addPath(path, { pid, stat });
}

/**
 * Infects one process, asks what only it can tell, and cures it again.
 * @param check called where nothing is half done; what it throws comes after the cure
 */
export function ask(tree: FrozenTree, view: OutsideView, check: () => void): InsideView {
  check();
  const { task, threads, stale } = view;
  const infection = infect(task, threads, () => tree.stopLater(task.pid));
  const askThreadAt = <M extends Inquiries>(at: number, inquiries: (area: Area) => M): Answers<M> => {
    const area = createArea(infection.area);
    const memory = { pid: task.pid, start: infection.area.start, used: area.used };
    return inquire((calls) => infection.run(at, calls), memory, inquiries(area));
  };
  const askAll = (): InsideView => {
    const leader = askThreadAt(0, (area) => ({
      actions: askActions(area),
      timers: askTimers(area),
      process: askProcess(area),
      cleaned: clean(stale),
    }));
    const answers = threads.map((_, at) => {
      check();
      const { own, secbits } = askThreadAt(at, (area) => ({ own: askThread(area), secbits: askSecurebits() }));
      return { ...own, secbits };
    });
    return { ...leader, threads: answers };
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

/** After a failure: a thread that has ended, or that is still in a call, cannot be cured. The second has its own way out. */
function cureAfter(infection: Infection): void {
  try {
    infection.cure();
  } catch {
    // What failed first is what counts.
  }
}

/** Takes out what an engine that was killed had left. */
function clean(stale: readonly Vma[]): Inquiry<void> {
  return { calls: stale.map(({ start, end }) => ['munmap', start, end - start]), answer: () => undefined };
}
