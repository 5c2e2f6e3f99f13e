import type { AttributesRecord, TaskRecord, ThreadAttributes } from '@criujs/engine-kit';
import { type EntryInit, encodeImage } from '@criujs/images';
import { taskState } from '../../facts/tasks.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import { joinFields } from '../../kinds/fields.ts';
import { imageWriter } from '../../kinds/files/side-images.ts';
import type { ProcessFields } from '../../kinds/processes/kind.ts';
import type { ThreadFields } from '../../kinds/threads/kind.ts';
import { treeKinds } from '../../kinds/trees/table.ts';
import type { FrozenTask, FrozenTree } from '../../machinery/freeze/freeze.ts';
import type { Session } from '../../run/session.ts';
import type { InsideView, OutsideView } from './collect.ts';
import { controlGroupSet, objectIds } from './inventory.ts';

/** A 64-bit x86 core image. */
const marchX86 = 1;

/** Writes the images of one living process, all but its memory. Gives what criujs.json is to say of its threads. */
export function writeTask(
  view: OutsideView,
  inside: InsideView,
  at: number,
  files: CollectedFiles,
  session: Session,
): AttributesRecord[] {
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
  const { core: tc, mm, record } = joinFields<ProcessFields>([...view.own, ...inside.own]);
  const attributes = view.task.threads.map(({ tid }, which): AttributesRecord => {
    const { core, thread } = coreOf(view, inside, which, which === 0 ? { tc } : {});
    store.write(`core-${tid}.img`, encodeImage('CORE', [{ message: core }]));
    return which === 0 ? { tid, thread, process: record } : { tid, thread };
  });
  const memory: EntryInit<'MM'> = { ...mm, exeFileId: view.exe, vmas: view.maps.map(({ entry }) => entry) };
  store.write(`mm-${pid}.img`, encodeImage('MM', [{ message: memory }]));
  return attributes;
}

/** Only the exit code is left of a zombie. */
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

/** Writes what the tree has in common, all but the inventory. Gives what criujs.json is to say of its processes. */
export function writeTree(tree: FrozenTree, { store }: Session): TaskRecord[] {
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
  const records = { tasks: [] as TaskRecord[] };
  for (const kind of treeKinds) kind.save?.(tree, { images: imageWriter(store), records });
  return records.tasks;
}

/** @param process what only the main thread's image has */
function coreOf(
  view: OutsideView,
  inside: InsideView,
  which: number,
  process: Pick<EntryInit<'CORE'>, 'tc'>,
): { readonly core: EntryInit<'CORE'>; readonly thread: ThreadAttributes } {
  const {
    threadInfo,
    threadCore,
    record = {},
  } = joinFields<ThreadFields>([
    { threadCore: { cgSet: controlGroupSet } },
    ...(view.ofThreads[which] ?? []),
    ...(inside.ofThreads[which] ?? []),
  ]);
  return {
    core: { mtype: marchX86, ...process, ...(threadInfo && { threadInfo }), ...(threadCore && { threadCore }) },
    thread: record,
  };
}
