import { MessageChannel, Worker } from 'node:worker_threads';
import type { CriuError, Stage } from '@criujs/plugin-sdk';
import { EngineError } from '../errors.ts';
import type { ExitStatus, RunOptions } from '../options.ts';
import { endThread, watchAbort } from './abort.ts';
import { checkOptions, checkPlatform } from './admission.ts';
import { type Control, createControl, serveLink } from './link.ts';
import { defaultDeadlineMs, openPlugins, outcomeOf, type RunPlugins } from './plugins.ts';
import type { Job, JobName, Jobs, Notice, Request, WorkerStart } from './protocol.ts';
import { noImages, type RunImages } from './run-images.ts';
import { decodeError, toEngineError } from './wire.ts';

/** A run from the outside. */
export interface Run<J extends JobName> {
  readonly job: Extract<Job, { name: J }>;
  readonly options: RunOptions;
  /** Whether plugins' init and exit run; null: they are only looked at. */
  readonly stage: Stage | null;
  readonly images?: (control: Control) => Promise<RunImages>;
  /** The restored root stays a child of this process, and its end is waited for. */
  readonly waitsForRoot?: boolean;
}

/** What came of it. */
export interface Conducted<J extends JobName> {
  readonly outcome: Jobs[J]['outcome'];
  readonly warnings: readonly string[];
  readonly totalMs: number;
  readonly exited?: Promise<ExitStatus>;
}

/** Conducts one run: the engine works in a thread of its own, and this thread serves it plugins, stores and people. */
export async function conduct<J extends JobName>(run: Run<J>): Promise<Conducted<J>> {
  checkPlatform();
  checkOptions(run.options);
  const control = createControl();
  const stopListening = listenForAbort(run.options.signal, control);
  try {
    if (control.aborted()) throw new EngineError('ABORTED', 'the run was aborted before it began');
    const images = (await run.images?.(control)) ?? noImages;
    try {
      return await runWorker(run, control, images, openPlugins(run.options, run.stage, images));
    } finally {
      await images.close();
    }
  } catch (error) {
    throw toEngineError(error);
  } finally {
    stopListening();
  }
}

/** Starts the engine's thread and serves it until it is done. */
async function runWorker<J extends JobName>(
  run: Run<J>,
  control: Control,
  images: RunImages,
  plugins: RunPlugins,
): Promise<Conducted<J>> {
  const { options, job, waitsForRoot = false } = run;
  const startedAt = performance.now();
  const { port1, port2 } = new MessageChannel();
  const start: WorkerStart = {
    job,
    store: images.place,
    port: port2,
    memory: control.memory,
    hookDeadlineMs: options.hookDeadline ?? defaultDeadlineMs,
    pluginCount: options.plugins?.length ?? 0,
    lastWords: options.lastWords ?? 'text',
  };
  let begun = false;
  const link = serveLink(port1, control, (request) => {
    begun = true;
    // The target is as it was by now, and plugins may take their time.
    if ((request as Request).kind === 'finish') abort.release();
    return serve(request as Request, plugins, images);
  });
  const notice = (message: string): void => options.onLog?.({ level: 'warn', message });
  const abort = watchAbort(options.signal, control, () => begun, notice);
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: start,
    transferList: [port2],
    name: 'criujs',
    // The engine opens descriptors by system calls that Node does not know of.
    trackUnmanagedFds: false,
  });
  const exited = waitsForRoot ? exitOf(worker) : undefined;
  try {
    const settled = settle(worker, (notice) => tell(notice, options, startedAt));
    const { outcome, warnings } = await Promise.race([settled, abort.over]);
    const totalMs = performance.now() - startedAt;
    return { outcome: outcome as Jobs[J]['outcome'], warnings, totalMs, ...(exited === undefined ? {} : { exited }) };
  } catch (error) {
    link.close();
    await endThread(worker);
    // Nobody else does, where the engine's thread has not begun.
    if (!begun) await plugins.finish({ ok: false, error: toEngineError(error) as CriuError });
    throw error;
  } finally {
    abort.release();
    link.close();
    if (exited === undefined) await endThread(worker);
  }
}

/** Answers one question of the engine's thread. */
async function serve(request: Request, plugins: RunPlugins, images: RunImages): Promise<unknown> {
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

function tell(notice: Notice, { onProgress, onLog }: RunOptions, startedAt: number): void {
  if (notice.kind === 'phase') onProgress?.({ phase: notice.name, elapsedMs: performance.now() - startedAt });
  if (notice.kind === 'warning') onLog?.({ level: 'warn', message: notice.message });
}

function listenForAbort(signal: AbortSignal | undefined, control: Control): () => void {
  const abort = (): void => control.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
}
