import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { arena, trySyscall } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localModes, modesStruct, terminalCalls } from '../../../facts/terminals.ts';
import { bytesAt, copyWaiting, ownSlave, waitFor } from './pty-queue.ts';
import { askBytes, askNumber, readModes, tellBytes, tellNumber } from './terminal-modes.ts';

const hasPty = process.platform === 'linux' && canOpen();
const onLinux = test.skipIf(!hasPty);

function canOpen(): boolean {
  try {
    closeSync(openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}

let master = -1;
let slave = -1;

beforeEach(() => {
  if (!hasPty) return;
  master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  tellNumber(master, terminalCalls.setLock, 0);
  slave = ownSlave(master) ?? -1;
});
afterEach(() => {
  if (!hasPty) return;
  closeSync(slave);
  closeSync(master);
});

/** Sets local modes, and whether output is changed. */
function setModes(local: number, output: number): void {
  const modes = askBytes(slave, terminalCalls.getModes2, modesStruct.size);
  modes.writeUInt32LE(local, modesStruct.local);
  modes.writeUInt32LE(output, modesStruct.output);
  tellBytes(slave, terminalCalls.setModes2, modes);
}

function read(fd: number): string {
  bytesAt(fd);
  const bytes = Buffer.alloc(200);
  return bytes.toString('latin1', 0, readSync(fd, bytes));
}

function copy(role: 'master' | 'slave'): string {
  return Buffer.from(copyWaiting({ role, number: 0 }, { master, slave }, 'a terminal')).toString('latin1');
}

/** OPOST and ONLCR of termios(3). */
const newLines = 0o5;

onLinux('what was written stays as it has been changed, also in packets', () => {
  setModes(0, newLines);
  writeSync(slave, 'two\nlines\n');
  const before = readModes(slave);
  expect(copy('master')).toBe('two\r\nlines\r\n');
  expect(readModes(slave)).toEqual(before);
  tellNumber(master, terminalCalls.setPackets, 1);
  expect(copy('master')).toBe('two\r\nlines\r\n');
  expect(askNumber(master, terminalCalls.getPackets)).toBe(1);
  tellNumber(master, terminalCalls.setPackets, 0);
  expect(read(master)).toBe('two\r\nlines\r\n');
});

onLinux('what was typed stays, and has no effects once more', () => {
  setModes(0, 0);
  writeSync(master, 'keys \x03\x15\x7f');
  waitFor(slave, 8);
  expect(copy('slave')).toBe('keys \x03\x15\x7f');
  expect(copy('slave')).toBe('keys \x03\x15\x7f');
  expect(read(slave)).toBe('keys \x03\x15\x7f');
});

onLinux('lines stay lines, and one that is being typed can be edited still', () => {
  setModes(localModes.canonical | echoErase, 0);
  writeSync(master, 'one\ntwo\nthref');
  waitFor(slave, 8);
  expect(copy('slave')).toBe('one\ntwo\nthref');
  expect(read(slave)).toBe('one\n');
  expect(copy('slave')).toBe('two\nthref');
  writeSync(master, '\x7fe\n');
  expect(read(slave)).toBe('two\n');
  expect(waitFor(slave, 6)).toBe(true);
  expect(read(slave)).toBe('three\n');
});

/** ECHOE of termios(3): the last character can be taken back. */
const echoErase = 0o20;

onLinux('the end of an input is refused, and stays where it was', () => {
  setModes(localModes.canonical, 0);
  writeSync(master, 'one\nno end\x04after\n');
  expect(waitFor(slave, 16)).toBe(true);
  expect(() => copy('slave')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  expect([read(slave), read(slave), read(slave)]).toEqual(['one\n', 'no end', 'after\n']);
});

onLinux('a terminal that is locked has no slave for others', () => {
  tellNumber(master, terminalCalls.setLock, 1);
  expect(ownSlave(master)).toBeNull();
  tellNumber(master, terminalCalls.setLock, 0);
  const other = arena.scope(() => trySyscall('ioctl', slave, terminalCalls.getNumber, arena.alloc(4).address));
  expect(other, 'a slave has no number to tell').toBeLessThan(0);
});
