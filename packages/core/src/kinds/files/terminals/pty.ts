import { EngineError, type TerminalRecord } from '@criujs/engine-kit';
import { closeFd, deviceNumber } from '@criujs/linux';
import { modesStruct, terminalCalls } from '../../../facts/terminals.ts';
import type { Holder, Problem, Recognition, SeenFile, Tree } from '../held.ts';
import { conditions, pollHangUp } from '../pipe-content.ts';
import { lookAt } from '../reachable.ts';
import { permissionBits } from '../stat.ts';
import { problemOfEnd } from './pty-problem.ts';
import { bytesAt, copyWaiting, ownSlave } from './pty-queue.ts';
import { isCanonical } from './pty-quiet.ts';
import { createPtyStore } from './pty-store.ts';
import { shellTerminal } from './shell-terminal.ts';
import { hungUpInfo, infoOf, shownOutside, type TerminalDriver, type TerminalInit } from './terminal-driver.ts';
import { endOfEntry, idOfEnd, readWaiting, terminalTypes, wasHungUp } from './terminal-entry.ts';
import { askBytes, askNumber, isHungUp } from './terminal-modes.ts';
import {
  descriptorsOf,
  type PtyEnd,
  ptyEndOf,
  sessionOfDevice,
  shortDevice,
  slavePath,
  type TerminalSession,
} from './terminal-seen.ts';

/** Pseudo terminals: with both ends in the tree, or one that was closed, or with a master outside. pty(7) */
export const ptyDriver: TerminalDriver = {
  types: [terminalTypes.pty],
  recognise: (file, tree) => {
    const end = ptyEndOf(file);
    return end === null ? null : recognise(file, end, tree);
  },
  problem: (fd, file, tree) => problem(fd, file, endOf(file), tree),
  idOf: (file) => idOfEnd(endOf(file)),
  info: (file, tree) => info(file, endOf(file), tree),
  record: (file, tree) => (endOf(file).role === 'master' ? recordOf(file, endOf(file), tree) : null),
  waiting: (file, tree) => waitingAt(file, endOf(file), tree),
  load(files, context) {
    const masters = new Set(files.map(endOfEntry).flatMap(({ role, number }) => (role === 'master' ? number : [])));
    const outside = files.filter((file) => !masters.has(endOfEntry(file).number) && !wasHungUp(file));
    const store = createPtyStore(
      files.filter((file) => !outside.includes(file)),
      readWaiting(context),
      context,
    );
    const shell = shellTerminal(outside, context);
    const isOutside = (id: number): boolean => outside.some(({ entry }) => entry.id === id);
    return {
      open: (entry) => (isOutside(entry.id) ? shell.open(entry) : store.open(entry.id)),
      led(pid, leader) {
        store.led(pid, leader);
        shell.led(pid, leader);
      },
      afterFork: (entry, fd, place) => (isOutside(entry.id) ? shell : store).afterFork(entry, fd, place),
      start: () => shell.start(),
    };
  },
};

function endOf(file: SeenFile): PtyEnd {
  const end = ptyEndOf(file);
  if (end === null) throw new EngineError('INTERNAL', `${file.link} is no end of a pseudo terminal`);
  return end;
}

function recognise(file: SeenFile, end: PtyEnd, tree: Tree): Recognition {
  if (end.role === 'master' || isInside(end, tree)) return tree.nameProblem(file) ?? 'mine';
  if (tree.borrow(file, isHungUp)) return 'mine';
  return tree.options.shellJob ? 'mine' : shownOutside(`terminal ${file.link}`);
}

function isInside(end: PtyEnd, tree: Tree): boolean {
  return descriptorsOf({ ...end, role: 'master' }, tree).length > 0;
}

function problem(fd: number, file: SeenFile, end: PtyEnd, tree: Tree): Problem | null {
  if (end.role === 'master' || isInside(end, tree)) return problemOfEnd(fd, end, file, tree);
  const others = tree.all.map(ptyEndOf).filter((it) => it !== null && it.number !== end.number && !isInside(it, tree));
  if (others.length === 0) return null;
  return {
    file: `terminal ${file.link}`,
    why: 'the tree has several terminals that are shown by programs outside of it, and a restore can give it one',
    remedy: 'Dump a tree that has one of these programs, too, or let the program close the other terminal.',
  };
}

function info(file: SeenFile, end: PtyEnd, tree: Tree): TerminalInit {
  const known = { id: idOfEnd(end), type: terminalTypes.pty, pty: { index: end.number } };
  if (tree.borrow(file, isHungUp)) return hungUpInfo(file, known);
  const own = tree.borrow(file, (fd) => {
    const is = (request: number): boolean => (askNumber(fd, request) ?? 0) !== 0;
    return {
      locked: is(terminalCalls.getLock),
      exclusive: is(terminalCalls.getExclusive),
      packetMode: is(terminalCalls.getPackets),
    };
  });
  return infoOf(file, tree, { ...known, ...own, ...sessionOf(file, end, tree) });
}

/** What waits at an end: nothing where the other is closed for good, or outside. */
function waitingAt(seen: SeenFile, end: PtyEnd, tree: Tree): Uint8Array {
  const owner = masterOf(seen, end, tree);
  if (owner === undefined || tree.borrow(seen, (fd) => isHungUp(fd) || !mayWait(fd, end))) return new Uint8Array();
  const what = `terminal ${end.number} (descriptor ${seen.fd} of process ${seen.pid})`;
  return tree.borrow(owner, (master) => {
    const slave = ownSlave(master);
    if (slave === null)
      throw new EngineError(
        'UNSUPPORTED',
        `${what}: something may wait in it, and it is locked, stopped (^S) or exclusive`,
        {
          resource: what,
          remedy: 'Dump it when the program has read what waits there, or as root.',
        },
      );
    try {
      return copyWaiting(end, { master, slave }, what);
    } finally {
      closeFd(slave);
    }
  });
}

/** A line that is being typed is to be seen only once it is taken. */
function mayWait(fd: number, { role }: PtyEnd): boolean {
  if (bytesAt(fd) > 0) return true;
  return role === 'slave' && isCanonical(askBytes(fd, terminalCalls.getModes2, modesStruct.size));
}

/** Only the master answers whoever asks. ioctl_tty(2), TIOCGSID */
function masterOf(seen: SeenFile, end: PtyEnd, tree: Tree): Holder | undefined {
  return end.role === 'master' ? seen : descriptorsOf({ ...end, role: 'master' }, tree)[0];
}

/** Of a terminal that is shown outside its processes tell. */
function sessionOf(seen: SeenFile, end: PtyEnd, tree: Tree): TerminalSession {
  const master = masterOf(seen, end, tree);
  if (master === undefined) return sessionOfDevice(shortDevice(seen.stat.rdev), tree) ?? { sid: 0, pgrp: 0 };
  return tree.borrow(master, (fd) => {
    const sid = askNumber(fd, terminalCalls.getSession) ?? 0;
    return { sid, pgrp: sid === 0 ? 0 : Math.max(0, askNumber(fd, terminalCalls.getForeground) ?? 0) };
  });
}

/** What CRIU's entries have no place for. */
function recordOf({ link, ...holder }: SeenFile, { number }: PtyEnd, tree: Tree): TerminalRecord {
  const node = lookAt(slavePath(link, number), 'itself');
  const isOwn = node !== null && deviceNumber(node.rdev).minor === number;
  return {
    index: number,
    closed: tree.borrow(holder, (fd) => (conditions(fd) & pollHangUp) !== 0),
    node: isOwn ? { uid: Number(node.uid), gid: Number(node.gid), mode: Number(node.mode) & permissionBits } : null,
  };
}
