import { closeFd, openPath, readStat } from '@criujs/linux';
import { terminalCalls } from '../facts/terminals.ts';
import { openFlag } from '../kinds/files/flags.ts';
import { withoutStops } from '../kinds/files/terminals/quiet-stops.ts';
import { askNumber, tellNumber } from '../kinds/files/terminals/terminal-modes.ts';

/**
 * Notes whether this process is in the foreground of its terminal, which a restore gives to a job.
 * @returns puts it there again, when the job has ended: whoever waits for this process may want to read. Never throws.
 */
export function keepForeground(): () => void {
  const group = readStat(process.pid).pgrp;
  const wasThere = withTerminal((fd) => askNumber(fd, terminalCalls.getForeground) === group) ?? false;
  return () => {
    if (wasThere) withTerminal((fd) => withoutStops(() => tellNumber(fd, terminalCalls.setForeground, group)));
  };
}

/** null: there is no terminal, or it is hung up. */
function withTerminal<T>(use: (fd: number) => T): T | null {
  let fd: number | undefined;
  try {
    fd = openPath('/dev/tty', openFlag.O_RDWR | openFlag.O_NOCTTY);
    return use(fd);
  } catch {
    return null;
  } finally {
    if (fd !== undefined) closeFd(fd);
  }
}
