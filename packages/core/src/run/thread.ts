import { MessageChannel, type Worker } from 'node:worker_threads';
import { EngineError, type EngineJob, type ExitStatus, toEngineError } from '@criujs/engine-kit';
import { isInLedger, newLedger } from '@criujs/linux';
import type { CriuError } from '@criujs/plugin-sdk';
import { watchAbort } from './abort.ts';
import { giveBack, takeThread } from './engine-threads.ts';
import { type Control, createControl, serveLink } from './link.ts';
import { outcomeOf, type ServedPlugins, servePlugins } from './plugins.ts';
import type { Job, JobName, Jobs, Notice, Request, WorkerStart } from './protocol.ts';
import { takeTurn } from './turns.ts';
import { decodeError } from './wire.ts';

/** Milliseconds until a run that waits for another one says so. */
const noticeMs = 1000;

/** Work for the engine's thread. */
export interface ThreadRun<J extends JobName> {
  readonly work: Extract<Job, { name: J }>;
  /** What is around it. */
  readonly job: EngineJob;
  /** The restored root stays a child of this process, and its end is waited for. */
  readonly waitsForRoot?: boolean;
}

/** What came of it. */
export interface ThreadOutcome<J extends JobName> {
  readonly outcome: Jobs[J]['outcome'];
  readonly warnings: readonly string[];
  readonly exited?: Promise<ExitStatus>;
}

/** Starts the engine's thread and serves it plugins, stores and people until it is done. */
export async function runThread<J extends JobName>(run: ThreadRun<J>): Promise<ThreadOutcome<J>> {
  const control = createControl();
  const stopListening = listenForAbort(run.job.signal, control);
  try {
    return await serveThread(run, control);
  } finally {
    stopListening();
  }
}

async function serveThread<J extends JobName>(
  { work, job, waitsForRoot = false }: ThreadRun<J>,
  control: Control,
): Promise<ThreadOutcome<J>> {
  const { images, hookDeadlineMs, lastWords, signal } = job;
  const ledger = job.plugins.wanted ? newLedger() : null;
  if (ledger !== null) job.plugins.reserve((fd) => isInLedger(ledger, fd));
  const plugins = servePlugins(job.plugins);
  const { port1, port2 } = new MessageChannel();
  const start: WorkerStart = {
    job: work,
    store: images.place,
    mark: images.mark.memory,
    port: port2,
    memory: control.memory,
    hookDeadlineMs,
    pluginCount: job.plugins.count,
    ledger,
    lastWords,
  };
  let begun = false;
  const link = serveLink(port1, control, (request) => {
    begun = true;
    // The target is as it was by now, and plugins may take their time.
    if ((request as Request).kind === 'finish') abort.release();
    return serve(request as Request, plugins, job);
  });
  const notice = (message: string): void => job.log({ level: 'warn', message });
  const abort = watchAbort(signal, control, () => begun, notice);
  const late = setTimeout(() => notice('waiting for another run of this process'), noticeMs);
  const turn = await takeTurn(signal)
    .catch(async (error) => {
      abort.release();
      link.close();
      await plugins.finish({ ok: false, error: toEngineError(error) as CriuError });
      throw error;
    })
    .finally(() => clearTimeout(late));
  const worker = takeThread();
  const exited = waitsForRoot ? exitOf(worker) : undefined;
  let isSound = false;
  try {
    const settled = settle(worker, (notice) => tell(notice, job));
    worker.postMessage(start, [port2]);
    const { outcome, warnings } = await Promise.race([settled, abort.over]);
    isSound = true;
    void exited?.then(() => giveBack(worker, true));
    return { outcome: outcome as Jobs[J]['outcome'], warnings, ...(exited === undefined ? {} : { exited }) };
  } catch (error) {
    link.close();
    await giveBack(worker, false);
    // Nobody else does, where the engine's thread has not begun.
    if (!begun) await plugins.finish({ ok: false, error: toEngineError(error) as CriuError });
    throw error;
  } finally {
    abort.release();
    link.close();
    try {
      if (isSound && exited === undefined) await giveBack(worker, true);
    } finally {
      turn();
    }
  }
}

/** Answers one question of the engine's thread. */
async function serve(request: Request, plugins: ServedPlugins, { images }: EngineJob): Promise<unknown> {
  switch (request.kind) {
    case 'start':
      return plugins.start();
    case 'hook':
      return plugins.call(request);
    case 'open':
      return images.open(request.name, request.mode);
    case 'list':
      return images.list();
    case 'record':
      return plugins.record(request.took);
    case 'seal':
      return plugins.seal();
    case 'settle':
      return plugins.settle();
    case 'commit':
      return images.commit();
    case 'finish':
      images.follow();
      return plugins.finish(outcomeOf(request));
  }
}

type Done = Extract<Notice, { kind: 'done' }>;

/** Waits for the end of the engine's work. */
function settle(worker: Worker, tellAll: (notice: Notice) => void): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.on('message', (notice: Notice) => {
      tellAll(notice);
      if (notice.kind === 'done') resolve(notice);
      if (notice.kind === 'failed') reject(decodeError(notice.error));
    });
    worker.on('error', (error) => {
      const { code, message, remedy } = toEngineError(error);
      reject(new EngineError(code, `the engine's thread failed: ${message}`, { remedy, cause: error }));
    });
    worker.on('exit', () => reject(new EngineError('INTERNAL', "the engine's thread ended without a result")));
  });
}

/** How the restored root ended. */
function exitOf(worker: Worker): Promise<ExitStatus> {
  return new Promise((resolve) => {
    worker.on('message', (notice: Notice) => {
      if (notice.kind === 'exited') resolve(notice.status);
    });
    // Without its thread nobody knows; that only happens when this process is being torn down.
    worker.on('exit', () => resolve({ code: 1 }));
  });
}

function tell(notice: Notice, job: EngineJob): void {
  if (notice.kind === 'phase') job.phase(notice.name);
  if (notice.kind === 'warning') job.log({ level: 'warn', message: notice.message });
}

function listenForAbort(signal: AbortSignal, control: Control): () => void {
  const abort = (): void => control.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return () => signal.removeEventListener('abort', abort);
}
