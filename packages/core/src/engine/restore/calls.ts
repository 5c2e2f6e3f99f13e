import { errnoName } from '@criujs/linux';
import { runTaskCalls, type TaskCall } from '../../machinery/calls/remote.ts';
import type { BuiltThread, Workshop } from '../../machinery/make/helper.ts';
import type { Session } from '../../run/session.ts';

/**
 * Makes a thread that is being built run calls, and warns of those that may fail.
 * @param file the image that says what the calls are made with
 */
export function runCalls(
  { workshop, session }: { readonly workshop: Workshop; readonly session: Session },
  thread: BuiltThread,
  calls: readonly TaskCall[],
  file: string,
): void {
  for (const { what, errno } of runTaskCalls(workshop.place(thread), workshop.data, calls, file))
    session.warn(`process ${thread.pid}: cannot ${what} (${errnoName(errno)})`);
}
