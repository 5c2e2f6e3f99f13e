import { EngineError } from '@criujs/engine-kit';
import { closeFd, readStat } from '@criujs/linux';
import { terminalCalls } from '../../../facts/terminals.ts';
import { unsupported } from '../../rules.ts';
import { openFlag, reopenFlags } from '../flags.ts';
import { openAgain } from '../named.ts';
import type { FileEntry, LatePlace, LoadContext, Newborn } from '../opening.ts';
import { withoutStops } from './quiet-stops.ts';
import { endOfEntry, type TerminalFile } from './terminal-entry.ts';
import { askNumber, tellNumber, writeModes } from './terminal-modes.ts';
import { terminalSessions } from './terminal-sessions.ts';

/** The terminal of whoever restores, in the place of one that was shown by a program outside of the tree. */
export interface ShellTerminal {
  open(entry: FileEntry): number;
  led(pid: number, leader: Newborn): void;
  afterFork(entry: FileEntry, fd: number, place: LatePlace): void;
  /** Modes, size and foreground are put back when nothing can fail any more: they are those of a terminal in use. */
  start(): void;
}

/** Where the terminal of a command is: at its standard input, or under this name. tty(4) */
const standardInput = 0;
const controlling = '/dev/tty';

/** @throws EngineError UNSUPPORTED */
export function shellTerminal(
  files: readonly TerminalFile[],
  { session: { warn }, options }: Pick<LoadContext, 'session' | 'options'>,
): ShellTerminal {
  const [first] = files;
  if (first !== undefined && !options.shellJob)
    throw unsupported(
      `terminal ${endOfEntry(first).number}, which a program outside of the tree had shown`,
      'Let the restore give it the terminal of this command: --shell-job (option `shellJob`).',
    );
  if (new Set(files.map((file) => endOfEntry(file).number)).size > 1)
    throw unsupported('several terminals that programs outside of the tree had shown', 'Restore it with CRIU.');
  const opened = new Map<number, number>();
  const known = files.find(({ info }) => info.termios !== undefined) ?? first;
  const claims =
    known === undefined ? [] : [{ name: 'the terminal of the shell', file: known, isMaster: false, isShared: true }];
  const sessions = terminalSessions(claims, (id) => opened.get(id), warn);
  let group = 0;
  let isStarted = false;

  return {
    open({ id }) {
      const flags = files.find(({ entry }) => entry.id === id)?.flags ?? openFlag.O_RDWR;
      const fd = openAgain(pathOfOwn(), reopenFlags(flags) | openFlag.O_NOCTTY);
      opened.set(id, fd);
      return fd;
    },
    led: sessions.take,
    afterFork(_entry, _fd, place) {
      sessions.put(place);
      const led = readStat(place.root).pgrp === place.root ? place.root : 0;
      group = place.now(known?.info.pgrp ?? 0) ?? led;
    },
    start() {
      const fd = known && opened.get(known.entry.id);
      if (isStarted || known === undefined || fd === undefined) return;
      isStarted = true;
      withoutStops(() => {
        writeModes(fd, { termios: known.info.termios, winsize: known.info.winsize });
        // Who is in its session can: what has a session of its own has put that back itself.
        if (group !== 0 && askNumber(fd, terminalCalls.getSession) === readStat(process.pid).session)
          tellNumber(fd, terminalCalls.setForeground, group);
      });
    },
  };
}

/** @throws EngineError UNSUPPORTED where this command has no terminal */
function pathOfOwn(): string {
  const path = `/proc/self/fd/${standardInput}`;
  if (isSlave(standardInput)) return path;
  try {
    closeFd(openAgain(controlling, openFlag.O_NOCTTY));
    return controlling;
  } catch (cause) {
    throw new EngineError('UNSUPPORTED', 'cannot restore: this command has no terminal that the program could have', {
      cause,
      remedy: 'Restore in a terminal, and leave its standard input there.',
    });
  }
}

/** A terminal, and not the end of one that shows it: that has a number to tell. */
function isSlave(fd: number): boolean {
  return askNumber(fd, terminalCalls.getDevice) !== null && askNumber(fd, terminalCalls.getNumber) === null;
}
