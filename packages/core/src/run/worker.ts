import { parentPort } from 'node:worker_threads';
import { EngineError, exitCodeOf, type RestoreOutcome, toEngineError, writeLastWords } from '@criujs/engine-kit';
import {
  askedStore,
  closePlace,
  createCommitMark,
  directoryStore,
  noStore,
  watchSilence,
} from '@criujs/engine-kit/images';
import { endProcess } from '@criujs/engine-kit/targets';
import { keepLedger, syscall } from '@criujs/linux';
import type { EngineRestoreOptions } from '../options.ts';
import { waitForChild } from './child.ts';
import { createSession, type Deadlines, patienceWithPlugins } from './engine-session.ts';
import { watchLedger } from './ledger-watch.ts';
import { createControl, openLink, type Patience } from './link.ts';
import type { Job, JobName, Jobs, Notice, Outcomes, StartedPlugins, WorkerStart } from './protocol.ts';
import type { Session, SessionStore } from './session.ts';
import { encodeError } from './wire.ts';

// The engine's thread: ptrace belongs to one thread, and this one never waits for the event loop of the main thread.
// It drives the run: plugins start, the engine works, plugins finish; a silent main thread is noticed in each.

/** Milliseconds that a blocked main thread gets to come back, once the targets are as they were. */
const returnMs = 3000;

/** Milliseconds that the host of plugins gives the loading of one; its own error says more than ours. */
const loadMs = 30_000;

/** Each engine is loaded when it is needed: a restore reads no code of the dump. */
const engines: {
  readonly [J in JobName]: () => Promise<(options: Jobs[J]['options'], session: Session) => Jobs[J]['outcome']>;
} = {
  dump: async () => (await import('../engine/dump.ts')).dumpTree,
  restore: async () => (await import('../engine/restore.ts')).restoreTree,
  check: async () => (await import('../check.ts')).checkMachine,
};

function notify(notice: Notice): void {
  parentPort?.postMessage(notice);
}

/** Whether it, or what caused it, is this error of the kernel's. */
function hasCode(error: unknown, code: string): boolean {
  for (let it = error, depth = 0; it instanceof Error && depth < 8; it = it.cause, depth++) {
    if ((it as { code?: unknown }).code === code) return true;
  }
  return false;
}

/** Does one run. The thread may do others afterwards: nothing of a run stays. @param wentWell is called after such a run */
async function run(start: WorkerStart, wentWell: () => void): Promise<void> {
  const control = createControl(start.memory);
  control.enter(syscall('gettid'));
  const mark = createCommitMark(start.mark);
  const link = openLink(start.port, control);
  const deadlines: Deadlines = { hookMs: start.hookDeadlineMs, plugins: start.pluginCount };
  const warnings: string[] = [];
  const ledger = watchLedger(start.ledger === null ? null : keepLedger(start.ledger));

  /** Says what is waited for. */
  function notice(message: string): void {
    notify({ kind: 'warning', message });
  }

  /** Reports a warning before or after the session. */
  function warn(message: string): void {
    warnings.push(message);
    notice(message);
  }

  function patience(what: string): Patience {
    return patienceWithPlugins(deadlines, {
      notice: () => notify({ kind: 'warning', message: `waiting for ${what}` }),
      late(lateness) {
        const how = lateness === 'blocked' ? 'blocks the main thread' : 'takes too long';
        return new EngineError('HOOK_TIMEOUT', `${what} ${how}: more than ${deadlines.hookMs} ms`, {
          remedy: 'Find the plugin with -v, and make it asynchronous or remove it.',
        });
      },
    });
  }

  function openStore(): SessionStore {
    const { store } = start;
    if (store === 'none') return noStore();
    if (store !== 'store') return directoryStore(store, mark, warn);
    const waiting = patience('the image store');
    return askedStore(
      {
        open: (name, mode) => link.ask({ kind: 'open', name, mode }, waiting) as number | null,
        list: () => link.ask({ kind: 'list' }, waiting) as string[],
        commit: () => void link.ask({ kind: 'commit' }, waiting),
      },
      mark,
      watchSilence({ checkAborted: link.checkAborted, notice }, deadlines.hookMs),
    );
  }

  async function runEngine(job: Job): Promise<Outcomes> {
    // The engine's code is read while the main thread loads the plugins.
    const engine = (await engines[job.name]()) as (options: Job['options'], session: Session) => Outcomes;
    const loading = patience('loading the plugins or the init of one of them');
    const limitMs = loading.limitMs + loadMs;
    const started = link.ask({ kind: 'start' }, { ...loading, limitMs }) as StartedPlugins;
    const session = createSession({ link, store: openStore(), ...started, deadlines, ledger, warnings, notify });
    try {
      return engine(job.options, session);
    } catch (error) {
      // What failed for want of a descriptor is the fault of who closed it.
      if (hasCode(error, 'EBADF')) ledger.check({ plugins: started.plugins.map(({ name }) => name) });
      throw error;
    }
  }

  /** The main thread will never throw this error to anybody: say it here, and end the process. */
  function endBlockedProcess(error: EngineError): never {
    const { store } = start;
    try {
      if (typeof store === 'object') closePlace(store, mark.committed());
      writeLastWords(error, start.lastWords);
      return endProcess(exitCodeOf(error.code));
    } finally {
      // Whatever failed above: without this thread the main thread would go round for ever.
      process.kill(process.pid, 'SIGKILL');
    }
  }

  /** Lets the plugins finish. What they did wrong there is a warning: the run itself is over. */
  function finishPlugins(error: EngineError | null): void {
    try {
      const wire = error === null ? null : encodeError(error);
      const waiting = patience('the exit of a plugin');
      // What was left for later has the time of a call to come to its end.
      const limitMs = waiting.limitMs + deadlines.hookMs;
      const messages = link.ask({ kind: 'finish', error: wire }, { ...waiting, limitMs }) as string[];
      warnings.push(...messages);
    } catch (late) {
      const { code, message, remedy } = toEngineError(late);
      const done = new EngineError(code, `the ${start.job.name} is done, but ${message}`, { remedy });
      if (link.blocked && !link.awaitLife(returnMs)) endBlockedProcess(error ?? done);
      warnings.push(message);
    }
  }

  let failure: EngineError | null = null;
  let outcome: Outcomes | null = null;
  try {
    outcome = await runEngine(start.job);
  } catch (error) {
    failure = toEngineError(error);
  }
  link.ignoreAbort();
  // Here the targets are as they were; only now may anything wait for the main thread again.
  if (failure !== null && link.blocked && !link.awaitLife(returnMs)) endBlockedProcess(failure);
  finishPlugins(failure);
  if (failure !== null || outcome === null) {
    notify({ kind: 'failed', error: encodeError(failure) });
  } else {
    wentWell();
    notify({ kind: 'done', outcome, warnings });
    if (start.job.name === 'restore' && !(start.job.options as EngineRestoreOptions).detach) {
      const status = await waitForChild((outcome as RestoreOutcome).pid);
      notify({ kind: 'exited', status });
    }
  }
}

/** Loads what a run needs, while the main thread finds out whether it comes. What fails here fails again in the run, which reports it. */
async function prepare(job: JobName): Promise<void> {
  try {
    syscall('gettid');
    await engines[job]();
  } catch {
    return;
  }
}

/**
 * Does the runs that this thread is asked for.
 * @param first the run that is likely to be asked for
 * @param wentWell is called after each that did, when all of its code is compiled
 */
export function serve(first: JobName | null, wentWell: () => void): void {
  parentPort?.on('message', (start: WorkerStart) => void run(start, wentWell));
  if (first !== null) void prepare(first);
}
