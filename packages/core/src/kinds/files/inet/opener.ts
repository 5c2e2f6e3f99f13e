import { closeFd, LinuxError } from '@criujs/linux';
import type { FileEntry, Opener } from '../opening.ts';
import { inetEntry } from './entry.ts';
import type { InetMaker, MadeInet } from './make.ts';
import { makeFailure } from './make-failure.ts';

/**
 * How the sockets of a kind are opened that need nobody else: they get their addresses one after the other, and what they allow others
 * once all have theirs. Those that share a port go in the order in which they were made: by that the kernel chooses among them.
 * @param go takes a new socket to where it was
 * @param settle what comes when all sockets have their addresses and all processes exist
 */
export function inetOpener(
  maker: InetMaker,
  go: (made: MadeInet) => void,
  settle: (made: MadeInet) => void = () => undefined,
): Opener {
  const made = new Map<number, MadeInet>();
  const settled = new Set<number>();
  /** Made before they are asked for. */
  const ready = new Map<number, number>();
  maker.untilOpen(() => {
    for (const fd of ready.values()) closeFd(fd);
    ready.clear();
  });

  function makeOne(entry: FileEntry): void {
    const fd = maker.make(entry, (one) => {
      go(one);
      made.set(entry.id, one);
    });
    ready.set(entry.id, fd);
  }

  function settleOne({ id }: FileEntry): void {
    const one = made.get(id);
    if (one === undefined || settled.has(id)) return;
    settled.add(id);
    try {
      settle(one);
    } catch (error) {
      throw error instanceof LinuxError ? makeFailure(one.own, error) : error;
    }
  }

  return {
    open(entry) {
      for (const one of maker.inOrder(entry)) if (!made.has(one.id)) makeOne(one);
      const fd = ready.get(entry.id) as number;
      ready.delete(entry.id);
      return fd;
    },
    afterFork(entry) {
      for (const one of maker.inOrder(entry)) settleOne(one);
    },
    // Whoever listens asks for the port once more, and all of it must still allow that.
    start: (entry, fd) => maker.ports.settle(fd, inetEntry(entry)),
  };
}
