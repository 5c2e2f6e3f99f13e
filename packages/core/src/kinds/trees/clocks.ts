import type { TreeImage } from '../../engine/restore/read.ts';
import type { LoadContext, SaveContext, TreeKind } from './kind.ts';

/**
 * Clocks that count from the start of the machine: CRIU gives everything that it restores a time namespace in which they go on from
 * where they were. time_namespaces(7). Restored by us, a program sees those of the machine.
 */
export const clocks: TreeKind = { name: 'clocks', describe: [], save, load };

function save(_tree: unknown, { images }: SaveContext): void {
  const [seconds, nanoseconds] = process.hrtime();
  const time = { tvSec: BigInt(seconds), tvNsec: BigInt(nanoseconds) };
  images.write('TIMENS', 'timens-0.img', [{ message: { monotonic: time, boottime: time } }]);
}

function load({ tasks, rootIds }: TreeImage, { session }: LoadContext): undefined {
  if (tasks.some((task) => task.state !== 'zombie' && task.ids.timeNsId !== rootIds?.timeNsId))
    session.warn("the program had clocks of its own (a time namespace); from now on it sees this machine's");
}
