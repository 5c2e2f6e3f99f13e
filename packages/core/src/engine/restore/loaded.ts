import { signals } from '@criujs/linux';
import type { LoadedTree } from '../../kinds/trees/kind.ts';
import type { Birth } from '../../kinds/trees/session-births.ts';
import type { TaskCall } from '../../machinery/calls/remote.ts';
import type { BuiltThread } from '../../machinery/make/helper.ts';
import type { TaskImage } from './read.ts';

/** More options of ptrace(2) that the images take. */
export function traceOptions(loaded: readonly LoadedTree[]): number {
  return loaded.reduce((all, { traceOptions: more = 0 }) => all | more, 0);
}

/** The signal that each process's parent gets when it ends. */
export function exitSignals(loaded: readonly LoadedTree[]): (pid: number) => number {
  return (pid) => loaded.map(({ exitSignal }) => exitSignal?.(pid)).find((it) => it !== undefined) ?? signals.SIGCHLD;
}

/** How each process is born into its session. */
export function births(loaded: readonly LoadedTree[]): (pid: number) => Birth {
  return (pid) => loaded.map(({ birth }) => birth?.(pid)).find((it) => it !== undefined) ?? { by: 'parent' };
}

/** Has processes that are complete make the last calls before they run. */
export function completeAll(
  loaded: readonly LoadedTree[],
  built: readonly { readonly image: TaskImage; readonly threads: readonly BuiltThread[] }[],
  run: (main: BuiltThread, calls: readonly TaskCall[], file: string) => void,
): void {
  const mains = new Map(built.map(({ image, threads }) => [image.pid, threads[0] as BuiltThread]));
  for (const { complete } of loaded)
    complete?.({
      now: (pid) => mains.get(pid)?.pid,
      run(pid, calls, file) {
        const main = mains.get(pid);
        if (main !== undefined) run(main, calls, file);
      },
    });
}
