import { closeSync, readSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import {
  AT_FDCWD,
  errnoName,
  type GuardCall,
  type GuardPlan,
  guardDescriptor,
  guardImage,
  guardVerdictLength,
  makePipe,
  pidfdSend,
  type RemoteCall,
  readGuardVerdict,
  signals,
  spawnImage,
  waitFor,
} from '@criujs/linux';
import type { Session } from '../../run/session.ts';
import { describeThread } from '../calls/patience.ts';
import { isOwnChild } from '../freeze/child-signals.ts';
import type { FrozenTree } from '../freeze/freeze.ts';
import { reapProcesses } from '../make/end.ts';
import { callsElsewhere, keepByte } from './hold-guard.ts';
import type { Holds } from './holds.ts';
import { type GuardPipes, letRun, orderGuard, untie } from './tie.ts';

/** Descriptors of the guard beside its order and verdict: the claim of the images, what arms it, one pidfd for each process. */
const guardFd = { claim: 5, arm: 6, firstProcess: 7 } as const;

/** What the guard does before it kills, and which descriptor it has meanwhile. */
interface Commit {
  readonly call: GuardPlan['commit'];
  readonly claim: number | null;
}

/** The commit point of a dump that leaves its target running. */
export function commitAlone(tree: FrozenTree, { store: { commit }, phase }: Session, holds: Holds): void {
  phase('commit');
  holds.keep();
  if (commit.by === 'store') {
    commit.run();
    holds.committed();
    return;
  }
  commit.run(tree.tasks.map(({ pid }) => pid));
  holds.committed();
  commit.settle();
}

/**
 * The commit point of a dump that ends its target: the images come to their place and all processes are killed by a
 * small process of our own, so that the two happen together even if the engine is killed at this very moment. Before its
 * order the guard does nothing; an engine that dies leaves the tree running and no dump. A store of the caller's commits by
 * itself, before the order.
 *
 * What the dump holds is kept or undone with that: the guard tells those who watch over what is to be kept right after the images
 * are in their place, and all of them wait until it is through.
 */
export function commitAndKill(tree: FrozenTree, session: Session, holds: Holds): void {
  const commit = prepare(session);
  // A child of our own process is Node's to wait for: it tells the program.
  const leftToNode = new Set(tree.tasks.map(({ pid }) => pid).filter(isOwnChild));
  const [orderRead, orderWrite] = makePipe();
  const [armRead, armWrite] = makePipe();
  const [verdictRead, verdictWrite] = makePipe();
  const firstHold = guardFd.firstProcess + tree.tasks.length;
  // A store commits before the order: what is to be kept then is told by us.
  const ends = holds.ends().filter(({ atCommit }) => atCommit === 'undone' || session.store.commit.by === 'rename');
  const keeps = ends.flatMap(({ atCommit }, at): GuardCall[] =>
    atCommit === 'kept' ? [['write', firstHold + at, keepByte, keepByte.length]] : [],
  );
  const last = callsElsewhere(holds.beforeEnd(), firstHold + ends.length);
  const kills = tree.tasks.map(
    (_, at): RemoteCall => ['pidfd_send_signal', guardFd.firstProcess + at, signals.SIGKILL, 0, 0],
  );
  const inherit = [
    { fd: orderRead, as: guardDescriptor.order },
    { fd: armRead, as: guardFd.arm },
    { fd: verdictWrite, as: guardDescriptor.verdict },
    ...(commit.claim === null ? [] : [{ fd: commit.claim, as: guardFd.claim }]),
    ...tree.tasks.map(({ pidfd }, at) => ({ fd: pidfd, as: guardFd.firstProcess + at })),
    ...ends.map(({ order }, at) => ({ fd: order, as: firstHold + at })),
    ...last.inherit,
  ];
  const otherwise = letRun(tree, (task) => guardFd.firstProcess + tree.tasks.indexOf(task));
  const plan: GuardPlan = {
    armed: { by: guardFd.arm, otherwise },
    commit: commit.call,
    expect: 0,
    // biome-ignore lint/suspicious/noThenProperty: what the guard does then; nobody awaits it.
    then: [...keeps, ...last.calls, ...kills],
  };
  const guard = spawnImage(guardImage(plan), { newSession: true, inherit });
  closeSync(orderRead);
  closeSync(armRead);
  closeSync(verdictWrite);
  try {
    session.phase('commit');
    if (session.store.commit.by === 'store') {
      holds.keep();
      session.store.commit.run();
      holds.committed();
    }
    end({ arm: armWrite, order: orderWrite, verdict: verdictRead }, tree, session, holds);
    holds.committed();
  } finally {
    closeSync(orderWrite);
    closeSync(armWrite);
    closeSync(verdictRead);
    waitFor(guard);
  }
  session.finalPhase('kill');
  // A traced thread's end is reported to its tracer first: without this its parent would never hear of it.
  const dying = tree.tasks.filter(({ threads }) => threads.length > 0).map(({ pid }) => pid);
  for (const pid of reapProcesses(dying.reverse(), undefined, leftToNode))
    session.warn(`${describeThread(pid)}, was ended and is still there`);
  if (session.store.commit.by === 'rename') session.store.commit.settle();
}

/** A directory is swapped by the guard; after a store has committed, a call that cannot fail is left. */
function prepare({ store: { commit } }: Session): Commit {
  if (commit.by === 'store') return { call: ['sched_yield'], claim: null };
  const { from, to, flags } = commit.prepare();
  return { call: ['renameat2', AT_FDCWD, cString(from), AT_FDCWD, cString(to), flags], claim: commit.claim };
}

function cString(path: string): Uint8Array {
  return Buffer.from(`${path}\0`);
}

/** Gives the order and waits for what becomes of it. */
function end(
  { verdict, ...pipes }: GuardPipes & { readonly verdict: number },
  tree: FrozenTree,
  session: Session,
  holds: Holds,
): void {
  try {
    try {
      orderGuard(pipes, tree);
    } catch (error) {
      // A guard that was killed: what a store has committed is the dump all the same.
      if (session.store.commit.by === 'rename') throw error;
    }
    hear(verdict, tree, session, holds);
  } catch (error) {
    untie(tree);
    throw error;
  }
}

/** Waits for the guard's verdict. A guard that was killed itself may have come as far as the rename: then its work is ours. */
function hear(fd: number, tree: FrozenTree, { store: { commit } }: Session, holds: Holds): void {
  const answer = Buffer.alloc(guardVerdictLength);
  const verdict = readSync(fd, answer) === guardVerdictLength ? readGuardVerdict(answer) : null;
  if (verdict?.committed) return;
  if (commit.by === 'store' || (verdict === null && commit.happened())) {
    holds.makeBeforeEnd();
    for (const { pidfd } of tree.tasks) pidfdSend(pidfd, signals.SIGKILL);
    return;
  }
  if (verdict !== null) throw commit.refused(errnoName(verdict.errno));
  throw new EngineError('KERNEL', 'the images could not be put in their place: the process that does it was killed', {
    remedy: 'Find out who ended it, and dump again. The target runs on.',
  });
}
