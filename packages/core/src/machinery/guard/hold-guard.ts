import { closeSync, writeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import {
  type GuardCall,
  guardDescriptor,
  guardImage,
  LinuxError,
  makePipe,
  type SyscallArgument,
  type SyscallName,
  signals,
  spawnImage,
  trySyscall,
  waitFor,
} from '@criujs/linux';

/** A descriptor of the engine's among the arguments of a call: the guard has the same open file under another number. */
export interface OwnDescriptor {
  readonly fd: number;
}

/** What an undo passes to a system call: bytes are passed by address. */
export type UndoArgument = SyscallArgument | Uint8Array | OwnDescriptor;

/** A system call that undoes something, as data. */
export type UndoCall = readonly [name: SyscallName, ...args: UndoArgument[]];

/** A small process that makes its calls when every holder of the other end of its pipe has died. */
export interface HoldGuard {
  /** That end. One byte written there ends the guard, nothing done. */
  readonly order: number;
  /** Ends the guard, nothing done, and reaps it. Never throws. */
  dismiss(): void;
}

/** The guard's own descriptors end with the verdict's, which is not read here. */
const firstInherited = guardDescriptor.verdict + 1;
/** What a guard waits for before it watches at all. */
const armed = new Uint8Array([1]);

/** What a guard hears when what it would undo is to stay. */
export const keepByte: Uint8Array = new Uint8Array([1]);

/**
 * Starts a guard. It lives in a session of its own, blocks every signal, and has nothing open but its pipe and what its calls are
 * about.
 * @throws EngineError KERNEL
 */
export function startHoldGuard(undo: readonly UndoCall[]): HoldGuard {
  const { calls, inherit: descriptors } = callsElsewhere(undo, firstInherited);
  // A byte answers 1; the end of the pipe, when all who could write one have died, answers 0.
  const image = guardImage({
    commit: ['read', guardDescriptor.order, new Uint8Array(1), 1],
    expect: 0,
    // biome-ignore lint/suspicious/noThenProperty: what the guard does then; nobody awaits it.
    then: calls,
  });
  const [read, order] = makePipe();
  try {
    const inherit = [{ fd: read, as: guardDescriptor.order }, ...descriptors];
    const pid = spawnImage(image, { newSession: true, inherit });
    writeSync(order, armed);
    return { order, dismiss: () => dismiss(pid, order) };
  } catch (error) {
    closeSync(order);
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError('KERNEL', `a guard process could not be started (${error.message})`, {
      cause: error,
      remedy: 'Raise the limits of processes, descriptors and memory for the dump, and dump again. The target runs on.',
    });
  } finally {
    closeSync(read);
  }
}

/** Calls as another process makes them. */
export interface CallsElsewhere {
  readonly calls: readonly GuardCall[];
  /** The descriptors that they are about: `fd` of ours is `as` there. */
  readonly inherit: readonly { readonly fd: number; readonly as: number }[];
}

/** The same calls for a process that has the descriptors which they are about from a number on. */
export function callsElsewhere(calls: readonly UndoCall[], first: number): CallsElsewhere {
  const places = new Map<number, number>();
  for (const { fd } of calls.flatMap(([, ...args]) => args.filter(isDescriptor)))
    if (!places.has(fd)) places.set(fd, first + places.size);
  return {
    calls: calls.map(
      ([name, ...args]): GuardCall => [
        name,
        ...args.map((arg) => (isDescriptor(arg) ? (places.get(arg.fd) as number) : arg)),
      ],
    ),
    inherit: [...places].map(([fd, as]) => ({ fd, as })),
  };
}

/** Whether an argument stands for a descriptor. */
export function isDescriptor(arg: UndoArgument): arg is OwnDescriptor {
  return typeof arg === 'object' && 'fd' in arg;
}

/** The same calls about other descriptors of the engine's. */
export function withOwn(calls: readonly UndoCall[], ownOf: (fd: number) => number): UndoCall[] {
  return calls.map(([name, ...args]) => [
    name,
    ...args.map((arg) => (isDescriptor(arg) ? { fd: ownOf(arg.fd) } : arg)),
  ]);
}

/** SIGKILL ends it even where somebody has stopped it; then nothing wakes it up to undo what is to stay. */
function dismiss(pid: number, order: number): void {
  trySyscall('kill', pid, signals.SIGKILL);
  closeSync(order);
  try {
    waitFor(pid);
  } catch {
    // Somebody has reaped it.
  }
}
