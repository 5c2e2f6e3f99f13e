import { fstatSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import { closeFd, openForeignPath, openPath } from '@criujs/linux';
import { auxiliaryMinors, lastVirtual, terminalCalls, terminalMajors } from '../../../facts/terminals.ts';
import { invalid } from '../../rules.ts';
import { openFlag, reopenFlags } from '../flags.ts';
import type { Problem, SeenFile, Tree } from '../held.ts';
import { opening } from '../named.ts';
import { lookAt } from '../reachable.ts';
import { regOf } from '../reg-entry.ts';
import { infoOf, type TerminalDriver } from './terminal-driver.ts';
import { idOfOther, type TerminalFile, terminalTypes } from './terminal-entry.ts';
import { askNumber, writeModes } from './terminal-modes.ts';
import { isAuxiliary, sessionOfDevice, shortDevice, type TerminalSession } from './terminal-seen.ts';
import { terminalSessions } from './terminal-sessions.ts';

type Sort = 'console' | 'virtual';

/** The console and virtual terminals: opened again by their names. console(4), console_ioctl(2) */
export const deviceTerminal: TerminalDriver = {
  types: [terminalTypes.console, terminalTypes.virtual],
  recognise: (file, tree) => (sortOf(file) === null ? null : (tree.nameProblem(file) ?? 'mine')),
  problem: (_fd, file, tree) => problem(file, tree),
  idOf,
  info(file, tree) {
    const type = terminalTypes[sortOf(file) ?? 'console'];
    return infoOf(file, tree, { id: idOf(file, tree), type, ...sessionOf(file, tree) });
  },
  load(files, { session }) {
    const opened = new Map<number, number>();
    // CRIU has one entry for all virtual terminals: it is that of the one whose number it has.
    const own = files.filter((file) => shortDevice(lookAt(nameIn(file))?.rdev ?? 0n) === file.info.rdev);
    const first = [...new Map([...own].reverse().map((file) => [file.info.id, file])).values()];
    const claims = first.map((file) => ({ name: nameIn(file), file, isMaster: false, isShared: true }));
    const sessions = terminalSessions(claims, (id) => opened.get(id), session.warn);
    return {
      open(entry) {
        const fd = open(files.find((it) => it.entry.id === entry.id) as TerminalFile);
        opened.set(entry.id, fd);
        return fd;
      },
      led: sessions.take,
      afterFork: (_entry, _fd, place) => sessions.put(place),
      // Others may have it, too: it is changed when nothing can fail any more.
      start(entry, fd) {
        const file = first.find((it) => it.entry.id === entry.id);
        if (file !== undefined) writeModes(fd, file.info);
      },
    };
  },
};

function sortOf({ stat, flags }: Pick<SeenFile, 'stat' | 'flags'>): Sort | null {
  if (flags & openFlag.O_PATH) return null;
  if (isAuxiliary(stat, auxiliaryMinors.console)) return 'console';
  const device = deviceOf(stat);
  const isVirtual = typeOf(stat.mode) === fileType.character && device?.major === terminalMajors.virtual;
  return isVirtual && device.minor <= lastVirtual ? 'virtual' : null;
}

function problem(file: SeenFile, tree: Tree): Problem | null {
  const session = sessionOf(file, tree);
  if (session.sid === 0 || tree.pids.includes(session.sid)) return null;
  return {
    file: `terminal ${file.link}`,
    why: `it is the controlling terminal of session ${session.sid}, whose leader is outside of the dumped tree`,
    remedy: `Dump a tree that has process ${session.sid}, too, or start the program in a session of its own (setsid).`,
  };
}

function sessionOf(file: SeenFile, tree: Tree): TerminalSession {
  const device = tree.borrow(file, (fd) => askNumber(fd, terminalCalls.getDevice)) ?? 0;
  return sessionOfDevice(device, tree) ?? { sid: 0, pgrp: 0 };
}

/** CRIU has one of each sort. */
function idOf(file: SeenFile, tree: Tree): number {
  const sort = sortOf(file) ?? 'console';
  const all = tree.all.filter((it) => sortOf(it) === sort).map(({ stat }) => stat.rdev);
  return idOfOther(sort, [...new Set(all)].indexOf(file.stat.rdev));
}

function nameIn({ entry }: TerminalFile): string {
  if (entry.named === undefined) throw invalid('files.img', `terminal ${entry.id} has no name`);
  return regOf(entry.named).name;
}

/** What the name leads to is looked at before it is opened: opening does something to other devices. */
function open(file: TerminalFile): number {
  const path = nameIn(file);
  const place = opening(path, () => openForeignPath(path, openFlag.O_PATH));
  try {
    const flags = openFlag.O_RDWR;
    const sort = sortOf({ stat: fstatSync(place, { bigint: true }), flags });
    if (sort === null || terminalTypes[sort] !== file.info.type)
      throw new EngineError('FILE_CHANGED', `${path}: it was another terminal`, {
        resource: path,
        remedy: `Put ${path} back as it was.`,
      });
    return opening(path, () => openPath(`/proc/self/fd/${place}`, reopenFlags(file.flags) | openFlag.O_NOCTTY));
  } finally {
    closeFd(place);
  }
}
