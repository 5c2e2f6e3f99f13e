import { closeSync, readSync, writeSync } from 'node:fs';
import { errnoName, guardImage, LinuxError, makePipe, signals, spawnImage, waitFor } from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import type { Session } from '../../run/session.ts';
import type { FrozenTree } from './freeze.ts';

/** Descriptors of the guard: its order to begin, its verdict, the inventory, then one pidfd for each process. */
const guardFd = { order: 3, verdict: 4, inventory: 5, firstProcess: 6 } as const;
/** What the guard answers when the inventory is written and the tree is gone. */
const done = 'y'.charCodeAt(0);

/**
 * The commit point of a dump that ends its target: the inventory is written and all processes are killed by a small
 * process of our own, so that the two happen together even if the engine is killed at this very moment. Before its
 * order the guard does nothing; an engine that dies leaves the tree running and no inventory.
 */
export function commitAndKill(tree: FrozenTree, inventory: Uint8Array, session: Session): void {
  const out = session.store.open('inventory.img', 'write');
  const [orderRead, orderWrite] = makePipe();
  const [verdictRead, verdictWrite] = makePipe();
  const guard = spawnImage(
    guardImage({
      commit: ['write', guardFd.inventory, inventory, inventory.length],
      expect: inventory.length,
      then: tree.tasks.map((_, at) => ['pidfd_send_signal', guardFd.firstProcess + at, signals.SIGKILL, 0, 0]),
    }),
    {
      newSession: true,
      inherit: [
        { fd: orderRead, as: guardFd.order },
        { fd: verdictWrite, as: guardFd.verdict },
        { fd: out, as: guardFd.inventory },
        ...tree.tasks.map(({ pidfd }, at) => ({ fd: pidfd, as: guardFd.firstProcess + at })),
      ],
    },
  );
  for (const fd of [orderRead, verdictWrite, out]) closeSync(fd);
  try {
    session.phase('commit');
    writeSync(orderWrite, new Uint8Array([1]));
    verdict(verdictRead);
  } finally {
    closeSync(orderWrite);
    closeSync(verdictRead);
    waitFor(guard);
  }
  session.phase('kill');
  for (const task of [...tree.tasks].reverse()) for (const thread of [...task.threads].reverse()) waitForDeath(thread.tid);
}


function verdict(fd: number): void {
  const answer = Buffer.alloc(5);
  const got = readSync(fd, answer);
  if (got > 0 && answer[0] === done) return;
  const errno = got === 5 ? answer.readInt32LE(1) : 0;
  const code = errno === 0 ? 'it was written only in part' : errnoName(errno);
  throw new EngineError('IMAGES_FULL', `the inventory could not be written: ${code}`, {
    remedy: 'Make room, or choose another image directory. The target runs on.',
  });
}

/** A traced thread's end is told to its tracer first: without this its parent would never hear of it. */
function waitForDeath(tid: number): void {
  try {
    for (;;) {
      const stop = waitFor(tid);
      if (stop === null || stop.kind !== 'stopped') return;
    }
  } catch (error) {
    // A thread other than the leader vanishes without a word when the leader is reaped.
    if (!(error instanceof LinuxError) || error.code !== 'ECHILD') throw error;
  }
}
