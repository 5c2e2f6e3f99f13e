import { errnoName, LinuxError } from '@criujs/linux';
import { groupsCall } from '../machinery/calls/credential-calls.ts';
import { runTaskCalls, type TaskCall } from '../machinery/calls/remote.ts';
import type { FileUser } from '../machinery/guard/as-user.ts';
import type { Hold } from '../machinery/guard/holds.ts';
import { own } from '../machinery/make/clone.ts';
import type { BuiltThread, Workshop } from '../machinery/make/helper.ts';

/** A user and a group. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}

/** Makes calls in the process that all others are cloned from, which therefore have what it has attached. */
export interface Maker {
  /** One call; gives its answer. @throws LinuxError */
  call(name: Parameters<typeof own>[2], args: Parameters<typeof own>[3]): number;
  /**
   * Calls, with warnings of those that may fail.
   * @param file the image to blame for calls that make no sense
   */
  run(calls: readonly TaskCall[], file: string): void;
  /**
   * Does something as the user in whose name the restore acts: nobody who wrote images gets at objects of others.
   * @param creator who the process is to be meanwhile, if the caller may choose
   */
  act<T>(work: () => T, creator?: Ids): T;
  /** Whether {@link act} can be that user. */
  mayBe(creator: Ids): boolean;
  /** Undoes something outside of the tree if the restore fails. */
  readonly hold: Hold;
}

/** Leaves an id as it is. setresuid(2) */
const same = -1;

/** @param user in whose name the restore acts; null: the caller's own */
export function makerIn(
  { helper, workshop }: { readonly helper: BuiltThread; readonly workshop: Workshop },
  user: FileUser | null,
  { hold, warn }: { readonly hold: Hold; warn(message: string): void },
): Maker {
  const caller: Ids = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  const call: Maker['call'] = (name, args) => own(helper, workshop, name, args);
  const run: Maker['run'] = (calls, file) => {
    for (const { what, errno } of runTaskCalls(workshop.place(helper), workshop.data, calls, file))
      warn(`cannot ${what} (${errnoName(errno)})`);
  };

  /** The group first: only root may choose it. What is real and saved stays, so that there is a way back. */
  function become({ uid, gid }: Ids): void {
    call('setresgid', [same, gid, same]);
    call('setresuid', [same, uid, same]);
  }

  function back(): void {
    call('setresuid', [same, caller.uid, same]);
    call('setresgid', [same, caller.gid, same]);
  }

  function actAs<T>(ids: Ids, work: () => T): T {
    if (ids.uid === caller.uid && ids.gid === caller.gid) return work();
    try {
      become(ids);
      return work();
    } finally {
      back();
    }
  }

  return {
    call,
    run,
    hold,
    act(work, creator = caller) {
      if (user === null) return actAs(creator, work);
      // The process belongs to that user anyway once all objects are made.
      run([groupsCall(user.groups ?? [], `get the groups of user ${user.uid}`)], 'inventory.img');
      return actAs(user, work);
    },
    mayBe(ids) {
      if (user !== null) return ids.uid === user.uid && ids.gid === user.gid;
      try {
        return actAs(ids, () => true);
      } catch (error) {
        if (error instanceof LinuxError) return false;
        throw error;
      }
    },
  };
}
