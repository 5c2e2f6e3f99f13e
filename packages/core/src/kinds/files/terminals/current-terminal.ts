import { EngineError } from '@criujs/engine-kit';
import { deviceNumber, errnoName, LinuxError } from '@criujs/linux';
import { auxiliaryMinors, terminalCalls, terminalMajors } from '../../../facts/terminals.ts';
import { openFlag, reopenFlags } from '../flags.ts';
import type { Problem, Recognition, SeenFile, Tree } from '../held.ts';
import { keepPlace } from '../keep-place.ts';
import type { LatePlace } from '../opening.ts';
import { infoOf, shownOutside, type TerminalDriver } from './terminal-driver.ts';
import { idOfOther, type TerminalFile, terminalTypes } from './terminal-entry.ts';
import { askNumber } from './terminal-modes.ts';
import {
  descriptorsOf,
  isAuxiliary,
  sessionOfDevice,
  sessionOfProcess,
  type TerminalSession,
} from './terminal-seen.ts';

const path = '/dev/tty';

/** `/dev/tty`: the controlling terminal, whichever that is, opened in the session that has it. tty(4) */
export const currentTerminal: TerminalDriver = {
  types: [terminalTypes.current],
  recognise: (file, tree) => (isCurrent(file) ? recognise(file, tree) : null),
  problem: () => null,
  idOf: (file, tree) => idOfOther('current', nthSession(file, tree)),
  info(file, tree) {
    const id = idOfOther('current', nthSession(file, tree));
    return infoOf(file, tree, { id, type: terminalTypes.current, ...sessionOf(file, tree) });
  },
  load(files) {
    return {
      // The process that has the terminal does not exist yet.
      open: keepPlace,
      isLate: () => true,
      openLate: (entry, place) => openLate(files.find((it) => it.entry.id === entry.id) as TerminalFile, place),
    };
  },
};

function isCurrent({ stat, flags }: SeenFile): boolean {
  return isAuxiliary(stat, auxiliaryMinors.current) && (flags & openFlag.O_PATH) === 0;
}

function recognise(file: SeenFile, tree: Tree): Recognition {
  const device = deviceOf(file, tree);
  const problem = (why: string): Problem => ({
    file: `terminal ${file.link}`,
    why,
    remedy: 'Let the program close it before the dump.',
  });
  if (device === null) return problem('it is hung up: who had shown it is gone');
  const number = slaveNumber(device);
  if (number !== null && descriptorsOf({ role: 'master', number }, tree).length === 0 && !tree.options.shellJob)
    return shownOutside(`terminal ${file.link}`);
  if (sessionOfDevice(device, tree) === null)
    return problem('no process of the tree has that terminal as its controlling one any more');
  return tree.nameProblem(file) ?? 'mine';
}

/** The number of the terminal behind it; null: it is hung up. */
function deviceOf(file: SeenFile, tree: Tree): number | null {
  return tree.borrow(file, (fd) => askNumber(fd, terminalCalls.getDevice));
}

function slaveNumber(device: number): number | null {
  const { major, minor } = deviceNumber(BigInt(device));
  return major === terminalMajors.slaves ? minor : null;
}

/** That of its process, as a rule: another process of the tree may have handed it on. */
function sessionOf(file: SeenFile, tree: Tree): TerminalSession {
  const device = deviceOf(file, tree) ?? 0;
  return sessionOfProcess(file.pid, device) ?? sessionOfDevice(device, tree) ?? { sid: 0, pgrp: 0 };
}

/** Which of the sessions that have it open: CRIU has one terminal of this sort. */
function nthSession(file: SeenFile, tree: Tree): number {
  const all = tree.all.filter(isCurrent).map((it) => sessionOf(it, tree).sid);
  return [...new Set(all)].indexOf(sessionOf(file, tree).sid);
}

function openLate({ flags, info: { sid } }: TerminalFile, place: LatePlace): number {
  try {
    return place.openIn(sid, path, reopenFlags(flags) | openFlag.O_NOCTTY);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    throw new EngineError(
      'UNSUPPORTED',
      `cannot restore: session ${sid} has no terminal now (${errnoName(error.errno)})`,
      {
        cause: error,
        remedy: 'Restore in a terminal that the program can have: --shell-job (option `shellJob`).',
      },
    );
  }
}
