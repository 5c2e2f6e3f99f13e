import type { SyscallName, SystemVSort } from '@criujs/linux';

/** What is different in the three sorts of objects. */
interface Sort {
  /** One of them in words. */
  readonly word: string;
  /** The call that changes one: IPC_SET, IPC_RMID. */
  readonly control: SyscallName;
  /** The option of ipcrm(1) that names one by its id. */
  readonly option: string;
  /** Limits of the machine that keep one from being made. proc_sys_kernel(5) */
  readonly limits: string;
}

/** The three sorts. */
export const systemVSorts: Readonly<Record<SystemVSort, Sort>> = {
  shm: {
    word: 'System V shared memory segment',
    control: 'shmctl',
    option: '-m',
    limits: 'kernel.shmmni, kernel.shmall or kernel.shmmax',
  },
  sem: { word: 'System V semaphore set', control: 'semctl', option: '-s', limits: 'kernel.sem' },
  msg: { word: 'System V message queue', control: 'msgctl', option: '-q', limits: 'kernel.msgmni' },
};

/** An object in words, for errors: its sort, its id and its key. */
export function systemVName(sort: SystemVSort, { id, key }: { readonly id: number; readonly key: number }): string {
  return `${systemVSorts[sort].word} ${id}${key === 0 ? '' : ` (key 0x${(key >>> 0).toString(16)})`}`;
}
