import { type ChildProcess, spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import {
  type CriuReqSchema,
  CriuReqType,
  type CriuRespValid,
  decodeResponse,
  encodeRequest,
  type MessageInitShape,
} from '@criujs/images';
import { closeFd, LinuxError, type Packet, packetPair, sendPacket, trySyscall } from '@criujs/linux';
import { EngineError } from '@criujs/plugin-host/engine';

/** The number of the socket in CRIU; what it inherits follows. */
const socketInCriu = 3;
export const firstInherited: number = socketInCriu + 1;

/** Bytes that are kept of what CRIU writes before it opens its log. */
const mostSaid = 16 * 1024;

/** shutdown(2): SHUT_RDWR. */
const bothWays = 2;

export interface SwrkOptions {
  readonly bin: string;
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
export async function startSwrk({ bin, environment, inherited, terminal }: SwrkOptions): Promise<Swrk> {
  const { ours, theirs } = packetPair();
  let child: ChildProcess;
  try {
    child = await spawned(
      spawn(bin, ['swrk', String(socketInCriu)], {
        stdio: [terminal ? 'inherit' : 'ignore', 'pipe', 'pipe', theirs, ...inherited],
        // Else Ctrl-C would kill it in the middle of its work, beside telling us.
        detached: !terminal,
        env: { ...process.env, ...environment },
      }),
      bin,
    );
  } catch (error) {
    closeFd(ours);
    throw error;
  } finally {
    closeFd(theirs);
  }
  const ended = endOf(child);
  const packets = listen(ours);
  return {
    pid: child.pid as number,
    async ask(request, step) {
      if (!send(ours, request)) return null;
      for (;;) {
        const packet = await packets.next();
        if (packet === null) return null;
        const response = decodeResponse(packet.bytes);
        if (response.type !== CriuReqType.NOTIFY) return response;
        const { script = '', pid = 0 } = response.notify ?? {};
        const { ok, external } = await step({ script, pid: pid === 0 ? null : pid, descriptors: packet.descriptors });
        for (const fd of packet.descriptors) closeFd(fd);
        // Required, and not looked at here.
        const opts = { imagesDirFd: -1, external: [...external] };
        if (!send(ours, { type: CriuReqType.NOTIFY, notifySuccess: ok, opts })) return null;
      }
    },
    kill: () => void child.kill('SIGKILL'),
    async close() {
      trySyscall('shutdown', ours, bothWays);
      await packets.ended;
      closeFd(ours);
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

/** false: CRIU is not there any more. */
function send(fd: number, request: MessageInitShape<typeof CriuReqSchema>): boolean {
  const bytes = encodeRequest(request);
  try {
    return sendPacket(fd, bytes);
  } catch (error) {
    if (error instanceof LinuxError && (error.code === 'EPIPE' || error.code === 'ECONNRESET')) return false;
    throw error;
  }
}

type Full = Extract<Packet, { kind: 'packet' }>;

/** What comes in, packet by packet; null at the end. */
function listen(fd: number): { next(): Promise<Full | null>; readonly ended: Promise<void> } {
  const worker = new Worker(new URL('./swrk-thread.js', import.meta.url), {
    workerData: fd,
    name: 'criujs listens to CRIU',
    trackUnmanagedFds: false,
  });
  const waiting: Full[] = [];
  let over = false;
  let wake = (): void => undefined;
  worker.on('message', (packet: Full | { kind: 'end' }) => {
    // A Buffer crosses threads as a plain Uint8Array.
    if (packet.kind === 'packet') waiting.push(packet);
    else over = true;
    wake();
  });
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      wake();
      resolve();
    };
    worker.once('exit', end);
    worker.once('error', end);
  });
  return {
    ended,
    async next() {
      while (waiting.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift() ?? null;
    },
  };
}
