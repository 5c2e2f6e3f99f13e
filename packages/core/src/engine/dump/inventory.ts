import type { NetworkLockRecord } from '@criujs/engine-kit';
import { type EntryInit, encodeImage } from '@criujs/images';
import { controlGroupSet } from '../../control-groups/groups.ts';
import type { Family } from '../../kinds/trees/kind.ts';
import { sharersIn } from '../../kinds/trees/shared-tables.ts';
import { lockMethods } from '../../network/names.ts';

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

/** What the images of the living processes of a tree are called by, by pid: those that share a table have one id for it. */
export function idsOfAll(tree: Family): ReadonlyMap<number, ObjectIds> {
  const [files, fs] = [sharersIn(tree, 'FILES'), sharersIn(tree, 'FS')];
  const pids = tree.tasks.filter(({ state }) => state !== 'zombie').map(({ pid }) => pid);
  const numbers = new Map(pids.map((pid, at) => [pid, firstOwnId + at]));
  const numberOf = (pid: number | undefined): number => numbers.get(pid ?? 0) ?? firstOwnId;
  return new Map(
    pids.map((pid) => {
      const own = numberOf(pid);
      const [filesId, fsId] = [numberOf(files.get(pid)), numberOf(fs.get(pid))];
      return [pid, { ids: { vmId: own, filesId, fsId, sighandId: own, ...namespaceIds }, ownsFiles: filesId === own }];
    }),
  );
}

/** What one process's images are called by. */
export interface ObjectIds {
  readonly ids: EntryInit<'IDS'> & { readonly filesId: number };
  /** Whether its table of descriptors is written with it, and not with another process. */
  readonly ownsFiles: boolean;
}

/** Version of the image layout that has one pagemap file a task and files.img (CRIU's CRTOOLS_IMAGES_V1_1). */
const imageVersion = 2;

/** What the inventory says of TCP connections. */
export interface InventoryNetwork {
  readonly lock: NetworkLockRecord | undefined;
  /** They were taken as closed ones. */
  readonly tcpClose: boolean;
}

/** The inventory: the image whose presence makes the dump a whole one. */
export function inventoryImage(plugins: readonly string[], { lock, tcpClose }: InventoryNetwork): Uint8Array {
  const rootIds = { ...namespaceIds, vmId: 1, filesId: 1, fsId: 1, sighandId: 1 };
  return encodeImage('INVENTORY', [
    {
      message: {
        imgVersion: imageVersion,
        fdinfoPerId: true,
        rootIds,
        nsPerId: true,
        rootCgSet: controlGroupSet,
        lsmtype: 0,
        ...(tcpClose && { tcpClose }),
        networkLockMethod: lockMethods[lock?.method ?? 'iptables'],
        ...(lock !== undefined && { dumpCriuRunId: lock.id }),
        pluginsEntry: { plugins: [...plugins] },
      },
    },
  ]);
}
