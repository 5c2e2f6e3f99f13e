import { localModes, terminalCalls } from '../../../facts/terminals.ts';
import type { Problem, SeenFile, Tree } from '../held.ts';
import { conditions, pollReadable, pollWritable, waitingBytes } from '../pipe-content.ts';
import { askNumber, readModes } from './terminal-modes.ts';
import type { PtyEnd } from './terminal-seen.ts';

/** POLLPRI of poll(2): packets tell of a change. */
const pollTold = 2;

/**
 * Why an end of a pseudo terminal in a tree that stands still cannot be dumped; null: it can.
 * @param fd a descriptor of our own
 */
export function problemOfEnd(fd: number, { role }: PtyEnd, { link }: SeenFile, tree: Tree): Problem | null {
  const problem = (why: string, remedy: string): Problem => ({ file: `terminal ${link}`, why, remedy });
  const { cLine, cLflag = 0 } = readModes(fd).termios;
  if (cLine !== 0)
    return problem(
      `it has the line discipline ${cLine}, and only that of terminals (N_TTY) is supported`,
      'Let the program set it back before the dump: TIOCSETD of ioctl_tty(2).',
    );
  const sid = role === 'master' ? (askNumber(fd, terminalCalls.getSession) ?? 0) : 0;
  if (sid > 0 && !tree.pids.includes(sid))
    return problem(
      `it is the controlling terminal of session ${sid}, whose leader is outside of the dumped tree`,
      `Dump a tree that has process ${sid}, too, or end that session.`,
    );
  const events = conditions(fd, pollReadable | pollTold | pollWritable);
  if (role === 'master' && events & pollTold)
    return problem('it tells of a change (TIOCPKT) that the program has not read yet', readIt);
  if (role === 'slave' && (events & pollWritable) === 0)
    return problem('its output is stopped (^S), or more of it waits than the terminal holds', goOn);
  if ((events & pollReadable) === 0 && waitingBytes(fd) === 0) return null;
  if (role === 'slave' && (cLflag & localModes.outside) !== 0)
    return problem('something that was typed has not been read yet, and it is edited outside (EXTPROC)', readIt);
  return role === 'master' && askNumber(fd, terminalCalls.getLock) === 1
    ? problem('something that was written to it has not been read yet, and it is locked (TIOCSPTLCK)', readIt)
    : null;
}

const goOn = 'Let the output go on before the dump: type ^Q.';
const readIt = 'Let the program read it before the dump: as a rule it does so at once, and a second dump succeeds.';
