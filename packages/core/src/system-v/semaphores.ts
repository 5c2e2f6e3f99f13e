import { arena, compare, errno, LinuxError, trySyscall } from '@criujs/linux';
import { ipcFlag, semaphoreCommand, semaphoreOperation, undoFlag } from '../facts/system-v.ts';

/** One operation of semop(2). None of ours ever waits. */
export interface Operation {
  readonly at: number;
  readonly change: number;
  readonly undo?: true;
}

/** Operations as semop(2) takes them. */
export function operationBytes(operations: readonly Operation[]): Buffer {
  const { size, number, change, flags } = semaphoreOperation;
  const bytes = Buffer.alloc(operations.length * size);
  operations.forEach((operation, which) => {
    const place = which * size;
    bytes.writeUInt16LE(operation.at, place + number);
    bytes.writeInt16LE(operation.change, place + change);
    bytes.writeUInt16LE(ipcFlag.noWait | (operation.undo ? undoFlag : 0), place + flags);
  });
  return bytes;
}

/** Answers of a call about a set that another user has, or that is gone. */
const outOfReach: ReadonlySet<number> = new Set([errno.EACCES, errno.EIDRM, errno.EINVAL]);

/** Whether an error says that a set is another user's, or gone: there is nothing to be said of it then. */
export function isOutOfReach(code: number): boolean {
  return outOfReach.has(code);
}

/** Whether two tasks have one list of what is undone when they end. clone(2), CLONE_SYSVSEM */
export function shareUndo(one: number, other: number): boolean {
  try {
    return compare('SYSVSEM', one, other) === 0;
  } catch (error) {
    if (error instanceof LinuxError) return false;
    throw error;
  }
}

/** The values of a set; null: this user may not read them, or the set is gone. @throws LinuxError */
export function readValues(id: number, count: number): number[] | null {
  return arena.scope(() => {
    // A set that is made meanwhile with the same id may have more.
    const { address, bytes } = arena.alloc(Math.max(count, 32_000) * 2);
    return answer(trySyscall('semctl', id, 0, semaphoreCommand.getAll, address), () =>
      Array.from({ length: count }, (_, at) => bytes.readUInt16LE(at * 2)),
    );
  });
}

/** The pid of who used each semaphore last, 0: nobody; null as above. */
export function readUsers(id: number, count: number): number[] | null {
  const users: number[] = [];
  for (let at = 0; at < count; at++) {
    const user = answer(trySyscall('semctl', id, at, semaphoreCommand.getUser), (result) => result);
    if (user === null) return null;
    users.push(user);
  }
  return users;
}

function answer<T>(result: number, read: (result: number) => T): T | null {
  if (result >= 0) return read(result);
  if (isOutOfReach(-result)) return null;
  throw new LinuxError('semctl', -result);
}
