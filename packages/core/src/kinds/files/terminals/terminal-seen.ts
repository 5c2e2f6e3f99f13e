import { basename, dirname } from 'node:path';
import { deviceOf, fileType, typeOf } from '@criujs/engine-kit/externals';
import { type FileStat, readStat, unlessGone } from '@criujs/linux';
import { auxiliaryMinors, terminalMajors } from '../../../facts/terminals.ts';
import { openFlag } from '../flags.ts';
import type { SeenFile, Tree } from '../held.ts';

/** An end of a pseudo terminal. pty(7) */
export interface PtyEnd {
  readonly role: 'master' | 'slave';
  /** N of `/dev/pts/N`. */
  readonly number: number;
}

/** null: a file of another kind, or a kernel that does not tell the number of a master. */
export function ptyEndOf(file: Pick<SeenFile, 'stat' | 'flags' | 'info'>): PtyEnd | null {
  const device = deviceOf(file.stat);
  if (device === null || typeOf(file.stat.mode) !== fileType.character || file.flags & openFlag.O_PATH) return null;
  if (device.major === terminalMajors.slaves) return { role: 'slave', number: device.minor };
  if (!isPtmx(file.stat)) return null;
  const number = file.info.fields.get('tty-index');
  return number === undefined ? null : { role: 'master', number: Number(number) };
}

/** Whether a file is the device that makes a new pseudo terminal for each who opens it. */
export function isPtmx(stat: Pick<FileStat, 'mode' | 'rdev'>): boolean {
  return isAuxiliary(stat, auxiliaryMinors.ptmx);
}

/** Whether a file is one of the devices that are about terminals of others. */
export function isAuxiliary(stat: Pick<FileStat, 'mode' | 'rdev'>, minor: number): boolean {
  const device = deviceOf(stat);
  return (
    typeOf(stat.mode) === fileType.character && device?.major === terminalMajors.auxiliary && device.minor === minor
  );
}

/** The descriptors of one end in the tree. */
export function descriptorsOf(wanted: PtyEnd, tree: Tree): SeenFile[] {
  return tree.all.filter((file) => {
    const end = ptyEndOf(file);
    return end?.role === wanted.role && end.number === wanted.number;
  });
}

/** Where a pseudo terminal has its slave: in the file system of the master, or in the folder `pts` beside that. pts(4) */
export function slavePath(master: string, number: number): string {
  const folder = dirname(master);
  return basename(folder) === 'pts' ? `${folder}/${number}` : `${folder}/pts/${number}`;
}

/** Who has a terminal as the controlling one. */
export interface TerminalSession {
  readonly sid: number;
  /** The group in the foreground; 0: none. */
  readonly pgrp: number;
}

/**
 * The session of the tree that a terminal controls, as its processes tell; null: none.
 * @param device its number, as stat(2) gives it
 */
export function sessionOfDevice(device: number, tree: Tree): TerminalSession | null {
  for (const pid of tree.pids) {
    const found = sessionOfProcess(pid, device);
    if (found !== null) return found;
  }
  return null;
}

/** That of one process, if it has this terminal. */
export function sessionOfProcess(pid: number, device: number): TerminalSession | null {
  const stat = unlessGone(() => readStat(pid), null);
  return stat?.ttyNr === device ? { sid: stat.session, pgrp: Math.max(0, stat.tpgid) } : null;
}

/** The 32 bits of a device number that images and /proc have. */
export function shortDevice(device: bigint): number {
  return Number(BigInt.asUintN(32, device));
}
