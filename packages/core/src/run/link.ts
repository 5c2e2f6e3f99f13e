import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { EngineError } from '@criujs/engine-kit';
import { decodeError, encodeError, type WireError } from './wire.ts';

// The engine's thread is plain synchronous code. It asks the main thread by a message and sleeps on shared memory until the
// answer is there, the deadline has passed, the main thread has shown no life for too long, or the run was aborted.

/** Cells of the shared memory. */
const cell = { wake: 0, aborted: 1, alive: 2, thread: 3 } as const;
/** Bytes of it. */
const controlSize = 32;

/** Milliseconds between signs of life of the main thread. */
const heartbeatMs = 50;
/** Milliseconds after which a sleeping engine looks whether the main thread still lives. */
const lookMs = 100;
/** Milliseconds after which a missing answer is reported. */
const noticeMs = 2000;

/** Both threads' view of one run. */
export interface Control {
  readonly memory: SharedArrayBuffer;
  abort(): void;
  aborted(): boolean;
  /** Notes the id of the engine's thread, gettid(2). */
  enter(tid: number): void;
  /** That id; 0 before the thread has begun. */
  thread(): number;
}

interface Ask {
  readonly ask: number;
  readonly request: unknown;
}

type Answer = { readonly ask: number; readonly value: unknown } | { readonly ask: number; readonly error: WireError };

/** Wraps the shared memory of a run; without an argument makes a new one. */
export function createControl(memory: SharedArrayBuffer = new SharedArrayBuffer(controlSize)): Control {
  const cells = new Int32Array(memory);
  return {
    memory,
    abort() {
      Atomics.store(cells, cell.aborted, 1);
      wake(cells);
    },
    aborted: () => Atomics.load(cells, cell.aborted) === 1,
    enter: (tid) => void Atomics.store(cells, cell.thread, tid),
    thread: () => Atomics.load(cells, cell.thread),
  };
}

function wake(cells: Int32Array): void {
  Atomics.add(cells, cell.wake, 1);
  Atomics.notify(cells, cell.wake);
}

/** The main thread's end. */
export interface ServingEnd {
  /** Stops answering and lets the event loop end. */
  close(): void;
}

/**
 * Answers the engine's questions. While it is open, this thread shows that it lives.
 * @param answer its result is sent; what it throws arrives as an EngineError
 */
export function serveLink(
  port: MessagePort,
  control: Control,
  answer: (request: unknown) => Promise<unknown>,
): ServingEnd {
  const cells = new Int32Array(control.memory);
  const beat = setInterval(() => Atomics.add(cells, cell.alive, 1), heartbeatMs);
  let open = true;
  const reply = (message: Answer): void => {
    if (!open) return;
    port.postMessage(message);
    wake(cells);
  };
  port.on('message', ({ ask, request }: Ask) => {
    answer(request).then(
      (value) => {
        try {
          reply({ ask, value });
        } catch (error) {
          reply({ ask, error: encodeError(error) });
        }
      },
      (error: unknown) => reply({ ask, error: encodeError(error) }),
    );
  });
  return {
    close() {
      open = false;
      clearInterval(beat);
      port.close();
    },
  };
}

/** How long the engine waits for one answer. */
export interface Patience {
  /** Milliseconds until an answer must be there. */
  readonly limitMs: number;
  /** Milliseconds that the main thread may show no life. */
  readonly silenceMs: number;
  /** Called once, when the answer takes long. */
  notice(): void;
  /** The error for either. */
  late(lateness: 'slow' | 'blocked'): EngineError;
}

/** The engine's end. */
export interface AskingEnd {
  /** Asks and waits. @throws EngineError what the other side threw, ABORTED, or `patience.late()` */
  ask(request: unknown, patience: Patience): unknown;
  /** Throws EngineError ABORTED when the run was aborted. */
  checkAborted(): void;
  /** Whether the main thread went silent during a question and has not been seen since. */
  readonly blocked: boolean;
  /** After a silence: waits for a sign of life. False: none came. */
  awaitLife(ms: number): boolean;
  /** From here on an abort comes too late to matter. */
  ignoreAbort(): void;
}

/** Opens the engine's end of a link. */
export function openLink(port: MessagePort, control: Control): AskingEnd {
  const cells = new Int32Array(control.memory);
  const alive = (): number => Atomics.load(cells, cell.alive);
  let asked = 0;
  let blockedAt: number | null = null;
  let heedsAbort = true;

  const checkAborted = (): void => {
    if (heedsAbort && control.aborted()) throw new EngineError('ABORTED', 'the run was aborted');
  };

  const receive = (ask: number): Answer | undefined => {
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return undefined;
      const answer = received.message as Answer;
      // Anything else answers a question that was given up.
      if (answer.ask === ask) return answer;
    }
  };

  return {
    checkAborted,
    get blocked() {
      return blockedAt !== null && blockedAt === alive();
    },
    ask(request, patience) {
      const ask = ++asked;
      const started = performance.now();
      let seen = alive();
      let seenAt = started;
      let noticed = false;
      port.postMessage({ ask, request } satisfies Ask);
      for (;;) {
        const before = Atomics.load(cells, cell.wake);
        const answer = receive(ask);
        if (answer !== undefined) {
          if ('error' in answer) throw decodeError(answer.error);
          return answer.value;
        }
        checkAborted();
        const now = performance.now();
        if (alive() !== seen) {
          seen = alive();
          seenAt = now;
        }
        if (now - seenAt > patience.silenceMs) {
          blockedAt = seen;
          throw patience.late('blocked');
        }
        if (now - started > patience.limitMs) throw patience.late('slow');
        if (!noticed && now - started > noticeMs) {
          noticed = true;
          patience.notice();
        }
        Atomics.wait(cells, cell.wake, before, lookMs);
      }
    },
    awaitLife(ms) {
      const until = performance.now() + ms;
      while (this.blocked && performance.now() < until) {
        Atomics.wait(cells, cell.wake, Atomics.load(cells, cell.wake), lookMs);
      }
      return !this.blocked;
    },
    ignoreAbort() {
      heedsAbort = false;
    },
  };
}
