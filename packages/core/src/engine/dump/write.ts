import { type EntryInit, encodeImage } from '@criujs/images';
import { signals } from '@criujs/linux';
import type { TaskRecord } from '@criujs/plugin-host/engine';
import { taskState } from '../../facts/tasks.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import type { Session } from '../../run/session.ts';
import { credentialsEntry } from '../../tasks/credentials.ts';
import { threadInfo } from '../../tasks/registers.ts';
import { pendingEntry } from '../../tasks/signals.ts';
import type { InsideView, OutsideView } from './collect.ts';
import type { FrozenTask, FrozenTree } from './freeze.ts';
import { controlGroupSet, objectIds } from './inventory.ts';

/** A 64-bit x86 core image. */
const marchX86 = 1;
/** More words of the auxiliary vector than this CRIU does not take. */
const mostAuxv = 44;

/** Writes the images of one living process, all but its memory. */
export function writeTask(
  view: OutsideView,
  inside: InsideView,
  at: number,
  files: CollectedFiles,
  session: Session,
): void {
  const { store } = session;
  const { pid } = view.task;
  const ids = objectIds(at);
  store.write(`ids-${pid}.img`, encodeImage('IDS', [{ message: ids }]));
  store.write(
    `fdinfo-${ids.filesId}.img`,
    encodeImage(
      'FDINFO',
      files.fdinfo(pid).map((message) => ({ message })),
    ),
  );
  const fs = { cwdId: view.cwd, rootId: view.root, umask: view.task.status.umask };
  store.write(`fs-${pid}.img`, encodeImage('FS', [{ message: fs }]));
  view.task.threads.forEach((thread, which) => {
    const core = threadCore(view, inside, which);
    store.write(`core-${thread.tid}.img`, encodeImage('CORE', [{ message: core }]));
  });
  store.write(`mm-${pid}.img`, encodeImage('MM', [{ message: memory(view, inside) }]));
}

/** A zombie is no more than its exit code. */
export function writeZombie(task: FrozenTask, session: Session): void {
  const core: EntryInit<'CORE'> = {
    mtype: marchX86,
    tc: {
      taskState: taskState.dead,
      exitCode: task.stat.exitCode,
      personality: 0,
      flags: 0,
      blkSigset: 0n,
      comm: task.command,
    },
  };
  session.store.write(`core-${task.pid}.img`, encodeImage('CORE', [{ message: core }]));
}

/** Writes what the tree has in common, all but the inventory. */
export function writeTree(tree: FrozenTree, session: Session): void {
  const { store } = session;
  const entries = tree.tasks.map((task) => ({
    message: {
      pid: task.pid,
      ppid: task.ppid,
      pgid: task.stat.pgrp,
      sid: task.stat.session,
      threads: task.state === 'zombie' ? [task.pid] : task.threads.map(({ tid }) => tid),
    },
  }));
  store.write('pstree.img', encodeImage('PSTREE', entries));
  store.write('seccomp.img', encodeImage('SECCOMP', [{ message: {} }]));
  const now = process.hrtime();
  const time = { tvSec: BigInt(now[0]), tvNsec: BigInt(now[1]) };
  store.write('timens-0.img', encodeImage('TIMENS', [{ message: { monotonic: time, boottime: time } }]));
}

/** What CRIU's images have no place for: a process that tells its parent of its end otherwise than by SIGCHLD. */
export function taskRecords(tree: FrozenTree): TaskRecord[] {
  return tree.tasks
    .filter(({ stat, ppid }) => ppid !== 0 && stat.exitSignal !== signals.SIGCHLD)
    .map(({ pid, stat }) => ({ pid, exitSignal: stat.exitSignal }));
}

function threadCore(view: OutsideView, inside: InsideView, which: number): EntryInit<'CORE'> {
  const thread = view.task.threads[which] as (typeof view.task.threads)[number];
  const state = view.threads[which] as (typeof view.threads)[number];
  const own = inside.threads[which] as (typeof inside.threads)[number];
  return {
    mtype: marchX86,
    ...(which === 0 ? { tc: taskCore(view, inside) } : {}),
    threadInfo: threadInfo(state.saved, thread.xstate, own.clearTid),
    threadCore: {
      futexRla: state.robustList.head,
      futexRlaLen: state.robustList.length,
      schedNice: thread.stat.nice,
      schedPolicy: thread.stat.policy,
      ...(thread.stat.rtPriority > 0 ? { schedPrio: thread.stat.rtPriority } : {}),
      blkSigset: thread.mask,
      sas: own.altstack,
      ...(own.parentDeathSignal !== 0 ? { pdeathSig: own.parentDeathSignal } : {}),
      signalsP: pendingEntry(state.pending),
      creds: credentialsEntry(thread.status, own.secbits),
      comm: thread.stat.comm,
      cgSet: controlGroupSet,
      ...(state.rseq === null
        ? {}
        : {
            rseqEntry: {
              rseqAbiPointer: state.rseq.pointer,
              rseqAbiSize: state.rseq.size,
              signature: state.rseq.signature,
            },
          }),
    },
  };
}

function taskCore(view: OutsideView, inside: InsideView): NonNullable<EntryInit<'CORE'>['tc']> {
  const { task } = view;
  return {
    taskState: task.state === 'stopped' ? taskState.stopped : taskState.alive,
    exitCode: 0,
    personality: view.personality,
    flags: task.stat.flags,
    blkSigset: task.threads[0]?.mask ?? 0n,
    comm: task.command,
    timers: inside.timers,
    rlimits: { rlimits: [...view.limits] },
    signalsS: pendingEntry(view.pending),
    loginuid: view.loginuid,
    oomScoreAdj: view.oomScore,
    sigactions: [...inside.actions],
    childSubreaper: inside.process.childSubreaper,
    ...(task.state === 'stopped' ? { stopSigno: task.stopSignal } : {}),
    ...(inside.process.membarrier !== 0 ? { membarrierRegistrationMask: inside.process.membarrier } : {}),
  };
}

function memory(view: OutsideView, inside: InsideView): EntryInit<'MM'> {
  const { stat } = view.task;
  return {
    mmStartCode: stat.startCode,
    mmEndCode: stat.endCode,
    mmStartData: stat.startData,
    mmEndData: stat.endData,
    mmStartStack: stat.startStack,
    mmStartBrk: stat.startBrk,
    mmBrk: inside.process.brk,
    mmArgStart: stat.argStart,
    mmArgEnd: stat.argEnd,
    mmEnvStart: stat.envStart,
    mmEnvEnd: stat.envEnd,
    exeFileId: view.exe,
    mmSavedAuxv: view.auxv.slice(0, mostAuxv),
    vmas: view.maps.map(({ entry }) => entry),
    dumpable: inside.process.dumpable,
    thpDisabled: inside.process.thpDisabled,
  };
}
