import { type ChildProcess, spawn } from 'node:child_process';
import { EngineError } from '@criujs/engine-kit';
import {
  type CriuReqSchema,
  CriuReqType,
  type CriuRespValid,
  decodeResponse,
  type MessageInitShape,
} from '@criujs/images';
import { closeFd } from '@criujs/linux';
import type { Line } from './line.ts';

/** The number of the socket in CRIU; what it inherits follows. */
const socketInCriu = 3;
export const firstInherited: number = socketInCriu + 1;

/** Bytes that are kept of what CRIU writes before it opens its log. */
const mostSaid = 16 * 1024;

export interface SwrkOptions {
  readonly bin: string;
  /** Closed with the worker. */
  readonly line: Line;
  /** Beside our own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Descriptors of ours that CRIU gets, from {@link firstInherited} on. */
  readonly inherited: readonly number[];
  /** Whether it gets our terminal, for a restored job of a shell. */
  readonly terminal: boolean;
}

/** A step of CRIU that it waits for us to answer. */
export interface Notification {
  /** `pre-dump`, `post-restore` … */
  readonly script: string;
  readonly pid: number | null;
  /** What came with it; closed after the step. */
  readonly descriptors: readonly number[];
}

/** How CRIU ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote to stdout and stderr. */
  readonly said: string;
}

/** A running `criu swrk`. */
export interface Swrk {
  readonly pid: number;
  /**
   * Sends the request and waits for its answer. CRIU waits at each notification until `step` has settled.
   * null: CRIU ended without an answer.
   */
  ask(
    request: MessageInitShape<typeof CriuReqSchema>,
    step: (it: Notification) => Promise<StepAnswer>,
  ): Promise<Answer>;
  /** Ends it at once. */
  kill(): void;
  /** Says goodbye, and waits for its end. */
  close(): Promise<Ended>;
}

/** Whether CRIU goes on, and what else is external. */
export interface StepAnswer {
  readonly ok: boolean;
  readonly external: readonly string[];
}

export type Answer = CriuRespValid | null;

/**
 * Starts CRIU as our own worker, `criu swrk`: it does one request that comes through a socket pair.
 * @throws EngineError CRIU_MISSING when it cannot be started
 */
export async function startSwrk({ bin, line, environment, inherited, terminal }: SwrkOptions): Promise<Swrk> {
  const child = await spawned(
    spawn(bin, ['swrk', String(socketInCriu)], {
      stdio: [terminal ? 'inherit' : 'ignore', 'pipe', 'pipe', line.theirs, ...inherited],
      // Else Ctrl-C would kill it in the middle of its work, beside telling us.
      detached: !terminal,
      env: { ...process.env, ...environment },
    }),
    bin,
  );
  line.handOver();
  const ended = endOf(child);
  return {
    pid: child.pid as number,
    async ask(request, step) {
      if (!line.send(request)) return null;
      for (;;) {
        const packet = await line.next();
        if (packet === null) return null;
        const response = decodeResponse(packet.bytes);
        if (response.type !== CriuReqType.NOTIFY) return response;
        const { script = '', pid = 0 } = response.notify ?? {};
        const { ok, external } = await step({ script, pid: pid === 0 ? null : pid, descriptors: packet.descriptors });
        for (const fd of packet.descriptors) closeFd(fd);
        // Required, and not looked at here.
        const opts = { imagesDirFd: -1, external: [...external] };
        if (!line.send({ type: CriuReqType.NOTIFY, notifySuccess: ok, opts })) return null;
      }
    },
    kill: () => void child.kill('SIGKILL'),
    async close() {
      await line.close();
      return ended;
    },
  };
}

function spawned(child: ChildProcess, bin: string): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child));
    child.once('error', (cause) => {
      reject(new EngineError('CRIU_MISSING', `${bin} cannot be started: ${cause.message}`, { cause }));
    });
  });
}

function endOf(child: ChildProcess): Promise<Ended> {
  let said = '';
  const keep = (text: string): void => {
    said = (said + text).slice(-mostSaid);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal, said })));
}
