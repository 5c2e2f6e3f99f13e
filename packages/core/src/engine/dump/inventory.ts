import { type EntryInit, encodeImage } from '@criujs/images';

/** Control group set of every task: the one that the images' reader is in itself. */
export const controlGroupSet = 1;
/** Ids of the namespaces, the same for all tasks of a tree that lives in the engine's own. */
const namespaceIds = {
  pidNsId: 1,
  netNsId: 2,
  ipcNsId: 3,
  utsNsId: 4,
  timeNsId: 5,
  mntNsId: 6,
  userNsId: 7,
  cgroupNsId: 8,
} as const;
/** Ids of a task's own objects; 1 is the reader's. */
const firstOwnId = 2;

/** What one process's images are called by. */
export function objectIds(at: number): EntryInit<'IDS'> & { filesId: number } {
  const own = firstOwnId + at;
  return { vmId: own, filesId: own, fsId: own, sighandId: own, ...namespaceIds };
}

/** Version of the image layout that has one pagemap file a task and files.img (CRIU's CRTOOLS_IMAGES_V1_1). */
const imageVersion = 2;

/** The inventory: the image whose presence makes the dump a whole one. */
export function inventoryImage(plugins: readonly string[]): Uint8Array {
  const rootIds = { ...objectIds(0), vmId: 1, filesId: 1, fsId: 1, sighandId: 1 };
  return encodeImage('INVENTORY', [
    {
      message: {
        imgVersion: imageVersion,
        fdinfoPerId: true,
        rootIds,
        nsPerId: true,
        rootCgSet: controlGroupSet,
        lsmtype: 0,
        networkLockMethod: 0,
        pluginsEntry: { plugins: [...plugins] },
      },
    },
  ]);
}
