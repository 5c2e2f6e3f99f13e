import { closeSync, readSync, writeSync } from 'node:fs';
import {
  errnoName,
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  makePipe,
  pidfdSend,
  ptraceOption,
  type RemoteCall,
  readGuardVerdict,
  signals,
  spawnImage,
  waitFor,
} from '@criujs/linux';
import { EngineError } from '../../errors.ts';
import type { Session } from '../../run/session.ts';
import { isOwnChild } from './child-signals.ts';
import type { FrozenTree } from './freeze.ts';

/** Descriptors of the guard beside its order and verdict: the inventory, then one pidfd for each process. */
const guardFd = { inventory: 5, firstProcess: 6 } as const;

/** The call that makes the dump a whole one, and what it answers then. */
interface Commit {
  readonly call: Parameters<typeof guardImage>[0]['commit'];
  readonly expect: number;
  /** A descriptor that it needs. */
  readonly fd?: number;
}

/**
 * The commit point of a dump that ends its target: the inventory comes to its place and all processes are killed by a
 * small process of our own, so that the two happen together even if the engine is killed at this very moment. Before its
 * order the guard does nothing; an engine that dies leaves the tree running and no inventory.
 */
export function commitAndKill(tree: FrozenTree, inventory: Uint8Array, session: Session): void {
  const commit = prepare(inventory, session);
  // A child of our own process is Node's to wait for: it tells the program.
  const leftToNode = new Set(tree.tasks.map(({ pid }) => pid).filter(isOwnChild));
  const [orderRead, orderWrite] = makePipe();
  const [verdictRead, verdictWrite] = makePipe();
  const kills = tree.tasks.map(
    (_, at): RemoteCall => ['pidfd_send_signal', guardFd.firstProcess + at, signals.SIGKILL, 0, 0],
  );
  const inherit = [
    { fd: orderRead, as: guardDescriptor.order },
    { fd: verdictWrite, as: guardDescriptor.verdict },
    ...(commit.fd === undefined ? [] : [{ fd: commit.fd, as: guardFd.inventory }]),
    ...tree.tasks.map(({ pidfd }, at) => ({ fd: pidfd, as: guardFd.firstProcess + at })),
  ];
  // biome-ignore lint/suspicious/noThenProperty: what the guard does then; nobody awaits it.
  const guard = spawnImage(guardImage({ armed: true, commit: commit.call, expect: commit.expect, then: kills }), {
    newSession: true,
    inherit,
  });
  closeSync(orderRead);
  closeSync(verdictWrite);
  if (commit.fd !== undefined) closeSync(commit.fd);
  try {
    session.phase('commit');
    order(orderWrite, tree);
    hear(verdictRead, tree, session);
  } catch (error) {
    tie(tree, 0);
    throw error;
  } finally {
    closeSync(orderWrite);
    closeSync(verdictRead);
    waitFor(guard);
  }
  session.finalPhase('kill');
  for (const task of [...tree.tasks].reverse()) {
    for (const { tid } of [...task.threads].reverse()) if (!leftToNode.has(tid)) waitForDeath(tid);
  }
}

/** In a directory the inventory is written beside its place first: a rename happens or does not. Elsewhere one write must do. */
function prepare(inventory: Uint8Array, session: Session): Commit {
  const staged = session.store.stage('inventory.img', inventory);
  if (staged !== null) return { call: ['rename', cString(staged.from), cString(staged.to)], expect: 0 };
  const fd = session.store.open('inventory.img', 'write');
  return { call: ['write', guardFd.inventory, inventory, inventory.length], expect: inventory.length, fd };
}

function cString(path: string): Uint8Array {
  return Buffer.from(`${path}\0`);
}

/**
 * From the first byte on the guard goes on by itself when we are gone. Only then are the processes tied to our life, so
 * that they stand still until the guard ends them: what ran on after the image was taken would be there twice.
 */
function order(fd: number, tree: FrozenTree): void {
  const byte = new Uint8Array([1]);
  // Once without effect, so that the real ones follow the first byte without a moment's compiling or loading.
  tie(tree, 0);
  writeSync(fd, byte);
  tie(tree, ptraceOption.EXITKILL);
  writeSync(fd, byte);
}

function tie(tree: FrozenTree, option: number): void {
  for (const { threads } of tree.tasks) {
    try {
      threads[0]?.tracee.setOptions(ptraceOption.TRACESYSGOOD | option);
    } catch {
      // Somebody has killed it: it needs no tie any more, and nothing may stop us between the two bytes.
    }
  }
}

/** Waits for the guard's verdict. A guard that was killed itself may have come as far as the rename: then its work is ours. */
function hear(fd: number, tree: FrozenTree, session: Session): void {
  const answer = Buffer.alloc(guardVerdictLength);
  const verdict = readSync(fd, answer) === guardVerdictLength ? readGuardVerdict(answer) : null;
  if (verdict?.committed) return;
  if (verdict === null && session.store.exists('inventory.img')) {
    for (const { pidfd } of tree.tasks) pidfdSend(pidfd, signals.SIGKILL);
    return;
  }
  const why =
    verdict === null
      ? 'its writer ended'
      : verdict.errno === 0
        ? 'it was written only in part'
        : errnoName(verdict.errno);
  throw new EngineError('IMAGES_FULL', `the inventory could not be written: ${why}`, {
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
  } catch {
    // A thread other than the leader vanishes without a word when the leader is reaped. The dump is whole: nothing may
    // be thrown any more.
  }
}
