import { fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { closeFd, openForeignPath, openPath } from '@criujs/linux';
import { terminalCalls } from '../../../facts/terminals.ts';
import { openFlag, reopenFlags } from '../flags.ts';
import { opening } from '../named.ts';
import { regOf } from '../reg-entry.ts';
import type { Pty } from './pty-store.ts';
import { askNumber } from './terminal-modes.ts';
import { isPtmx } from './terminal-seen.ts';

/** A new pseudo terminal: its master, and the path that made it. */
export interface OpenMaster {
  readonly fd: number;
  readonly path: string;
}

/** How long whoever was dumped may still have its number, and how often to look, in milliseconds. */
const patience = { taken: 3000, look: 10 } as const;
const usualPath = '/dev/ptmx';

/**
 * Makes pseudo terminals with the numbers that they had. The kernel gives the lowest that is free, so that those below are kept open
 * until the right one comes. Those without a master get theirs until `use` is through; their numbers matter to nobody who is not told.
 * @throws EngineError FILE_CHANGED where somebody else has the number
 */
export function openMasters(ptys: readonly Pty[], use: (pty: Pty, master: OpenMaster) => void): void {
  const spares = new Map<number, number>();
  const isKept = ({ master }: Pty): boolean => master !== null;
  try {
    for (const pty of [...ptys.filter(isKept), ...ptys.filter((it) => !isKept(it))]) {
      const { entry, flags } = pty.master ?? { entry: undefined, flags: openFlag.O_RDWR };
      const path = entry?.named === undefined ? usualPath : regOf(entry.named).name;
      const open = (): number => openPtmx(path, flags);
      const fd = find(pty.number, { spares, open, isExact: isKept(pty) });
      use(pty, { fd, path });
      if (!isKept(pty)) closeFd(fd);
    }
  } finally {
    for (const fd of spares.values()) closeFd(fd);
  }
}

/** What looking for a number needs. */
interface Search {
  /** Masters with other numbers, by these. */
  readonly spares: Map<number, number>;
  open(): number;
  /** Whether no other number will do. */
  readonly isExact: boolean;
}

function find(number: number, { spares, open, isExact }: Search): number {
  for (let waited = 0; ; ) {
    const spare = spares.get(number);
    spares.delete(number);
    if (spare !== undefined) return spare;
    const fd = open();
    const got = askNumber(fd, terminalCalls.getNumber) ?? -1;
    if (got === number || (got > number && !isExact)) return fd;
    if (got < number) {
      spares.set(got, fd);
      continue;
    }
    closeFd(fd);
    if (waited >= patience.taken) throw taken(number);
    pause(patience.look);
    waited += patience.look;
  }
}

function taken(number: number): EngineError {
  const resource = `/dev/pts/${number}`;
  return new EngineError('FILE_CHANGED', `${resource}: another program has the terminal with this number`, {
    resource,
    remedy: 'End that program, or restore in a mount namespace with pseudo terminals of its own (mount -t devpts).',
  });
}

/** What a name of the images leads to is looked at before it is opened: opening does something to other devices. */
function openPtmx(path: string, flags: number): number {
  const place = opening(path, () => openForeignPath(path, openFlag.O_PATH));
  try {
    if (!isPtmx(fstatSync(place, { bigint: true }))) throw notPtmx(path);
    return opening(path, () => openPath(`/proc/self/fd/${place}`, reopenFlags(flags) | openFlag.O_NOCTTY));
  } finally {
    closeFd(place);
  }
}

function notPtmx(path: string): EngineError {
  const remedy = `Put the device back that makes pseudo terminals: mknod ${path} c 5 2`;
  return new EngineError('FILE_CHANGED', `${path}: it made pseudo terminals, and is another file now`, {
    resource: path,
    remedy,
  });
}
