import { closeSync, readSync, writeSync } from 'node:fs';
import {
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  makePipe,
  readGuardVerdict,
  spawnImage,
  waitFor,
} from '@criujs/linux';
import { callsElsewhere, type UndoCall } from './hold-guard.ts';

/** Calls that are the last before a restored tree runs. */
export interface LastCalls {
  /** From here on they are made, whoever dies. */
  arm(): void;
  /** Makes them. @returns how many failed */
  run(): number;
  /** Ends the guard; what was not armed was not made. Never throws. */
  end(): void;
}

const nothing: LastCalls = { arm: () => undefined, run: () => 0, end: () => undefined };

/** Where the guard hears that it is armed: behind its own descriptors. */
const armDescriptor = guardDescriptor.verdict + 1;
/** Two bytes arm it. */
const armed = new Uint8Array([1, 1]);
const order = new Uint8Array([1]);

/**
 * Has calls made by a small process of our own that knows them before they are due: a tree that runs without them would be damaged, and from
 * a moment on it runs even if the engine is killed.
 * @throws LinuxError when that cannot be started
 */
export function prepareLastCalls(calls: readonly UndoCall[]): LastCalls {
  if (calls.length === 0) return nothing;
  const there = callsElsewhere(calls, armDescriptor + 1);
  const image = guardImage({
    armed: { by: armDescriptor, otherwise: [] },
    commit: ['sched_yield'],
    expect: 0,
    // biome-ignore lint/suspicious/noThenProperty: what the guard does then; nobody awaits it.
    then: there.calls,
  });
  const pipes = [makePipe(), makePipe(), makePipe()] as const;
  const [[orderRead, orderWrite], [armRead, armWrite], [verdictRead, verdictWrite]] = pipes;
  const ours = [orderWrite, armWrite, verdictRead];
  let pid: number;
  try {
    pid = spawnImage(image, {
      newSession: true,
      inherit: [
        { fd: orderRead, as: guardDescriptor.order },
        { fd: verdictWrite, as: guardDescriptor.verdict },
        { fd: armRead, as: armDescriptor },
        ...there.inherit,
      ],
    });
  } catch (error) {
    for (const fd of ours) closeSync(fd);
    throw error;
  } finally {
    for (const fd of [orderRead, armRead, verdictWrite]) closeSync(fd);
  }
  return {
    arm: () => void writeSync(armWrite, armed),
    run() {
      writeSync(orderWrite, order);
      const answer = Buffer.alloc(guardVerdictLength);
      const verdict = readSync(verdictRead, answer) === guardVerdictLength ? readGuardVerdict(answer) : null;
      return verdict?.committed ? verdict.failures : calls.length;
    },
    end() {
      for (const fd of ours) closeSync(fd);
      try {
        waitFor(pid);
      } catch {
        // Somebody has reaped it.
      }
    },
  };
}
