import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { EngineError } from '@criujs/engine-kit';

/** A step of CRIU, while it waits for us. */
export interface CriuStep {
  /**
   * CRIU's name of it: `pre-dump`, `network-lock`, `query-ext-files`, `post-dump`, `network-unlock`; `pre-restore`,
   * `setup-namespaces`, `post-setup-namespaces`, `post-restore`, `pre-resume`, `post-resume`, `orphan-pts-master`,
   * `status-ready`. criu/action-scripts.c
   */
  readonly script: string;
  /** The root of the restored tree, at `setup-namespaces` and from `post-restore` on. */
  readonly pid: number | null;
  /** Where the images are at this step: those of a dump lie beside the image directory until `post-dump` is through. */
  readonly images: string;
  /** The terminal of `orphan-pts-master`: valid until the answer. */
  readonly descriptor: number | null;
}

/** What a step may be answered with. */
export interface CriuStepAnswer {
  /** For `query-ext-files`: more resources to be taken as external, as the option `external` names them. */
  readonly external?: readonly string[] | undefined;
}

/** Called at each of CRIU's steps. What it throws makes CRIU fail, and is what the run fails with. */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function that answers nothing has the type Promise<void>
export type OnStep = (step: CriuStep) => CriuStepAnswer | void | Promise<CriuStepAnswer | void>;

/**
 * Runs a program at each step, as CRIU's own `--action-script` does: with the step, the image directory and the pid of the
 * root in its environment. Another exit code than 0 fails the run.
 */
export function actionScript(script: string, cwd: string, signal: AbortSignal): OnStep {
  const path = resolve(cwd, script);
  return ({ script: action, images, pid }) =>
    new Promise((done, fail) => {
      const env = {
        ...process.env,
        CRTOOLS_SCRIPT_ACTION: action,
        CRTOOLS_IMAGE_DIR: images,
        ...(pid === null ? {} : { CRTOOLS_INIT_PID: String(pid) }),
      };
      execFile(path, [], { env, signal }, (error, _stdout, stderr) => {
        if (error === null) done();
        else fail(failed(path, action, stderr.trim().split('\n').at(-1) || error.message, error));
      });
    });
}

function failed(path: string, action: string, why: string, cause: Error): EngineError {
  return new EngineError('CRIU_FAILED', `the action script ${path} failed at ${action}: ${why}`, {
    remedy: 'Make it exit with 0 at steps that it does not handle.',
    cause,
  });
}
