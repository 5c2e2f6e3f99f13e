import { writeFileSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { LinuxError, readSystemV, type SystemVObject, type SystemVSort, syscall, trySyscall } from '@criujs/linux';
import { ipcCommand, ipcFlag, ipcPermissions, ipcStructure, permissionBits } from '../facts/system-v.ts';
import type { TaskCall } from '../machinery/calls/remote.ts';
import type { Ids, Maker } from './maker.ts';
import { systemVName, systemVSorts } from './sorts.ts';
import { taken } from './there.ts';

/** What an object is made with. */
export type NewObject = Pick<SystemVObject<SystemVSort>, 'key' | 'id' | 'mode' | 'uid' | 'gid' | 'cuid' | 'cgid'>;

/** How often another program may take what the kernel would have given us next. */
const tries = 5;

/** Its owner may do everything until it is complete. */
const ofOwner = 0o600;

/** Flags of the call that makes it. */
export function flagsOf({ mode }: Pick<NewObject, 'mode'>): number {
  return ipcFlag.create | ipcFlag.exclusive | (mode & permissionBits) | ofOwner;
}

/**
 * Makes an object that is gone, with the id that it had. It is removed again if the restore fails.
 *
 * @param make the call that makes it, with the flags of {@link flagsOf}; gives its id
 * @param warn is told where it belongs to another creator than before
 * @throws EngineError IPC_TAKEN, NOT_PERMITTED, UNSUPPORTED, KERNEL
 */
export function createObject(
  sort: SystemVSort,
  object: NewObject,
  maker: Maker,
  make: () => number,
  warn: (message: string) => void,
): void {
  const name = systemVName(sort, object);
  const creator: Ids = { uid: object.cuid, gid: object.cgid };
  const mayBe = maker.mayBe(creator);
  if (!mayBe) warn(`${name} is made anew by another user than before (${object.cuid}, group ${object.cgid})`);
  const makeAsCreator = (): number => maker.act(make, mayBe ? creator : undefined);
  for (let left = tries; left > 0; left--) {
    chooseId(sort, object);
    const id = making(sort, object, makeAsCreator);
    if (id === object.id) {
      keepUnlessItFails(sort, object, maker);
      return;
    }
    syscall(...removal(sort, id));
    const rival = readSystemV(sort).find((it) => it.id === object.id);
    if (rival !== undefined) throw taken(sort, object, rival, 'its id belongs to another object');
  }
  throw new EngineError('KERNEL', `${name} cannot get its id: other programs make such objects all the time`, {
    resource: name,
    remedy: 'Restore again, when less is going on.',
  });
}

/** Gives it its owner and its mode, once nothing more is done with it. */
export function ownerCall(sort: SystemVSort, object: NewObject, fill?: (bytes: Buffer) => void): TaskCall {
  const bytes = Buffer.alloc(ipcStructure);
  bytes.writeUInt32LE(object.uid, ipcPermissions.uid);
  bytes.writeUInt32LE(object.gid, ipcPermissions.gid);
  bytes.writeUInt32LE(object.mode & permissionBits, ipcPermissions.mode);
  fill?.(bytes);
  const { control } = systemVSorts[sort];
  // semctl(2) has the number of a semaphore in between.
  const args = sort === 'sem' ? [object.id, 0, ipcCommand.set, bytes] : [object.id, ipcCommand.set, bytes];
  return { name: control, args, what: `give ${systemVName(sort, object)} its owner and mode` };
}

/** The next object of this sort gets that id, if it is free: proc_sys_kernel(5), Documentation/admin-guide/sysctl/kernel.rst. */
function chooseId(sort: SystemVSort, object: NewObject): void {
  const path = `/proc/sys/kernel/${sort}_next_id`;
  const name = systemVName(sort, object);
  try {
    writeFileSync(path, String(object.id));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new EngineError('UNSUPPORTED', `${name} is gone, and this kernel gives no object an id of choice`, {
        resource: name,
        remedy: 'Restore on a kernel with CONFIG_CHECKPOINT_RESTORE.',
        cause: error,
      });
    throw new EngineError(
      'NOT_PERMITTED',
      `${name} is gone, and this user may not make it anew with its id (${code})`,
      {
        resource: name,
        remedy: 'Restore as root (CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN of the IPC namespace).',
        cause: error,
      },
    );
  }
}

function making(sort: SystemVSort, object: NewObject, make: () => number): number {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    const name = systemVName(sort, object);
    const rival = readSystemV(sort).find(({ key }) => key === object.key);
    if (error.code === 'EEXIST' && rival !== undefined)
      throw taken(sort, object, rival, 'its key belongs to another object');
    throw new EngineError('KERNEL', `${name} cannot be made anew: ${error.message}`, {
      resource: name,
      remedy: `Raise the limit that it hits (${systemVSorts[sort].limits}), or remove objects that nobody needs (ipcs, ipcrm).`,
      cause: error,
    });
  }
}

/** The call that removes an object. */
type Removal = readonly [name: Parameters<typeof syscall>[0], ...args: number[]];

function removal(sort: SystemVSort, id: number): Removal {
  const { control } = systemVSorts[sort];
  return sort === 'sem' ? [control, id, 0, ipcCommand.remove] : [control, id, ipcCommand.remove];
}

/** A guard may only remove what is known to be ours: it is there just after, not before. */
function keepUnlessItFails(sort: SystemVSort, object: NewObject, { hold }: Maker): void {
  const undo = removal(sort, object.id);
  try {
    hold({ what: `${systemVName(sort, object)} was made anew`, undo: [undo], atCommit: 'kept' }, () => undefined);
  } catch (error) {
    trySyscall(...undo);
    throw error;
  }
}
