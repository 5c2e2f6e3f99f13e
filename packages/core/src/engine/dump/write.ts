import type { AttributesRecord, TaskRecord, ThreadAttributes } from '@criujs/engine-kit';
import { type EntryInit, encodeImage } from '@criujs/images';
import { controlGroupSet } from '../../control-groups/groups.ts';
import { taskState } from '../../facts/tasks.ts';
import type { CollectedFiles } from '../../files/collect.ts';
import { joinFields } from '../../kinds/fields.ts';
import { imageWriter } from '../../kinds/files/side-images.ts';
import type { ProcessFields } from '../../kinds/processes/kind.ts';
import type { SystemVRecording } from '../../kinds/system-v-records.ts';
import type { ThreadFields } from '../../kinds/threads/kind.ts';
import type { DumpOfTree } from '../../kinds/trees/kind.ts';
import { treeKinds } from '../../kinds/trees/table.ts';
import type { FrozenTask, FrozenTree } from '../../machinery/freeze/freeze.ts';
import type { InsideView, OutsideView } from './collect.ts';
import type { ObjectIds } from './inventory.ts';
import type { SmallImages } from './small-images.ts';

/** A 64-bit x86 core image. */
const marchX86 = 1;

/** Adds the images of one living process, all but its memory. Gives what criujs.json is to say of its threads. */
export function addTask(
  view: OutsideView,
  inside: InsideView,
  { ids, ownsFiles }: ObjectIds,
  files: CollectedFiles,
  images: SmallImages,
): AttributesRecord[] {
  const { pid } = view.task;
  images.add(`ids-${pid}.img`, () => encodeImage('IDS', [{ message: ids }]));
  if (ownsFiles)
    images.add(`fdinfo-${ids.filesId}.img`, () =>
      encodeImage(
        'FDINFO',
        files.fdinfo(pid).map((message) => ({ message })),
      ),
    );
  const fs = { cwdId: view.cwd, rootId: view.root, umask: view.task.status.umask };
  images.add(`fs-${pid}.img`, () => encodeImage('FS', [{ message: fs }]));
  const { core: tc, mm, record } = joinFields<ProcessFields>([...view.own, ...inside.own]);
  const attributes = view.task.threads.map(({ tid }, which): AttributesRecord => {
    const { core, thread } = coreOf(view, inside, which, which === 0 ? { tc } : {});
    images.add(`core-${tid}.img`, () => encodeImage('CORE', [{ message: core }]));
    return which === 0 ? { tid, thread, process: record } : { tid, thread };
  });
  const memory: EntryInit<'MM'> = { ...mm, exeFileId: view.exe, vmas: view.maps.map(({ entry }) => entry) };
  images.add(`mm-${pid}.img`, () => encodeImage('MM', [{ message: memory }]));
  return attributes;
}

/** Only the exit code is left of a zombie. */
export function addZombie(task: FrozenTask, images: SmallImages): void {
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
  images.add(`core-${task.pid}.img`, () => encodeImage('CORE', [{ message: core }]));
}

/** Adds what the tree has in common, all but the inventory. Gives what criujs.json is to say of its processes. */
export function addTree(
  tree: FrozenTree,
  images: SmallImages,
  attributes: readonly AttributesRecord[],
  systemV: SystemVRecording,
  options: DumpOfTree,
): TaskRecord[] {
  const entries = tree.tasks.map((task) => ({
    message: {
      pid: task.pid,
      ppid: task.ppid,
      pgid: task.stat.pgrp,
      sid: task.stat.session,
      threads: task.state === 'zombie' ? [task.pid] : task.threads.map(({ tid }) => tid),
    },
  }));
  images.add('pstree.img', () => encodeImage('PSTREE', entries));
  const records = { tasks: [] as TaskRecord[], systemV };
  for (const kind of treeKinds) kind.save?.(tree, { images: imageWriter(images), records, attributes, options });
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
