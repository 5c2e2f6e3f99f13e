import { writeSync } from 'node:fs';
import { EngineError } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { closeFd, makePipe, syscall, trySyscall } from '@criujs/linux';
import { lineEnds, modesStruct, terminalBuffer, terminalCalls } from '../../../facts/terminals.ts';
import { startHoldGuard, type UndoCall } from '../../../machinery/guard/hold-guard.ts';
import { openFlag } from '../flags.ts';
import {
  conditions,
  nonBlocking,
  peekPipe,
  pollReadable,
  pollWritable,
  resizePipe,
  waitingBytes,
} from '../pipe-content.ts';
import { endsLine, isCanonical, quietModes, withEnds, withoutLines } from './pty-quiet.ts';
import { askBytes, askNumber, tellBytes, tellNumber } from './terminal-modes.ts';
import type { PtyEnd } from './terminal-seen.ts';

/** Bytes that are more than a terminal and the way to it hold. */
const mostWaiting = 2 ** 20;
/** How long what was written may take to arrive, how often to look, and how long to wait where nothing can be seen, in milliseconds. */
const arrival = { whole: 1000, look: 1, unseen: 20 } as const;
/** The same for a guard, which does not look: `struct timespec`. */
const arrivalOfGuard = Buffer.from(new BigInt64Array([0n, 5_000_000n]).buffer);

/** How many bytes wait at an end. Looking brings on first what is on its way. poll(2) */
export function bytesAt(fd: number): number {
  conditions(fd, pollReadable);
  return waitingBytes(fd);
}

/** A slave of the engine's own, which does not block; null: it is locked, another has it for itself alone, or it takes nothing now. */
export function ownSlave(master: number): number | null {
  const { O_RDWR, O_NOCTTY, O_NONBLOCK, O_CLOEXEC } = openFlag;
  const fd = trySyscall('ioctl', master, terminalCalls.openSlave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return null;
  if (conditions(fd, pollWritable) & pollWritable) return fd;
  closeFd(fd);
  return null;
}

/** What one call has taken. */
interface Piece {
  readonly length: number;
  /** Whether the terminal counts it among what can be read: not so a line that is being typed. */
  readonly isCounted: boolean;
  /** Whether its line was ended by the end of a file, which is no byte of it. */
  readonly hasEnd: boolean;
}

/**
 * A copy of what waits at one end of a pseudo terminal in a tree that stands still. The kernel has no way to look: it goes into a pipe and at
 * once from there to the other end, which brings it back, while a guard does so should the engine die.
 * @param what the terminal, for errors
 * @throws EngineError KERNEL; UNSUPPORTED where the end of a file waits, which no image has a place for
 */
export function copyWaiting(
  { role }: PtyEnd,
  { master, slave }: { readonly master: number; readonly slave: number },
  what: string,
): Uint8Array {
  const [from, to] = role === 'master' ? [master, slave] : [slave, master];
  const modes = askBytes(slave, terminalCalls.getModes2, modesStruct.size);
  const inLines = role === 'slave' && isCanonical(modes);
  const quiet = quietModes(modes, role);
  const isPacked = askNumber(master, terminalCalls.getPackets) === 1;
  const [read, write] = makePipe(openFlag.O_CLOEXEC | openFlag.O_NONBLOCK);
  resizePipe(write, mostWaiting);
  const setModes = (to: Uint8Array): void => tellBytes(slave, terminalCalls.setModes2, to);
  const take = (): number => syscall('splice', from, 0, write, 0, mostWaiting, nonBlocking);
  const pieces: Piece[] = [];

  function takeAll(): void {
    if (inLines) {
      while (conditions(from, pollReadable) & pollReadable) {
        const length = take();
        const isOpen = length === 0 || !endsLine(peekPipe(read, what, false).data.at(-1) ?? 0, modes);
        pieces.push({ length, isCounted: true, hasEnd: isOpen });
      }
      setModes(withoutLines(quiet));
    }
    while (bytesAt(from) > 0) pieces.push({ length: take(), isCounted: !inLines, hasEnd: false });
  }

  function putBack(): void {
    const ends = pieces.some(({ hasEnd }) => hasEnd);
    setModes(ends ? withEnds(quiet, modes) : quiet);
    // In one call, where nothing stands between: then a guard finds all of it on one side.
    for (const { length, hasEnd } of ends ? pieces : [{ length: waitingBytes(read), hasEnd: false }]) {
      for (let at = 0; at < length; ) at += syscall('splice', read, 0, to, 0, length - at, nonBlocking);
      if (hasEnd) writeSync(to, modes, modesStruct.characters + lineEnds.endOfFile, 1);
    }
    const counted = pieces.reduce((sum, it) => sum + (it.isCounted ? it.length : 0), 0);
    if (role === 'slave') waitFor(slave, counted);
    if (ends || pieces.some(({ isCounted }) => !isCounted)) pause(arrival.unseen);
    setModes(modes);
    if (isPacked) tellNumber(master, terminalCalls.setPackets, 1);
  }

  const guard = startHoldGuard(undoOf({ role, master, slave, read, write, quiet, modes, isPacked }));
  try {
    if (isPacked) tellNumber(master, terminalCalls.setPackets, 0);
    let data: Uint8Array;
    try {
      takeAll();
      data = peekPipe(read, what, false).data;
    } finally {
      putBack();
    }
    if (!pieces.some(({ hasEnd }) => hasEnd)) return data;
  } catch (error) {
    throw new EngineError('KERNEL', `${what}: what waits in it cannot be copied`, { resource: what, cause: error });
  } finally {
    guard.dismiss();
    closeFd(read);
    closeFd(write);
  }
  throw new EngineError('UNSUPPORTED', `${what}: the end of its input (^D) was typed and waits in it`, {
    resource: what,
    remedy: 'Dump it when the program has read what waits there.',
  });
}

/**
 * What a guard does in the engine's place. What was typed it takes first as far as that is not done, behind what the engine has taken: so it
 * comes back in its order. Of what was written a call takes all that the terminal holds, and the descriptor of the program might block.
 */
function undoOf(it: {
  readonly role: PtyEnd['role'];
  readonly master: number;
  readonly slave: number;
  readonly read: number;
  readonly write: number;
  readonly quiet: Uint8Array;
  readonly modes: Uint8Array;
  readonly isPacked: boolean;
}): UndoCall[] {
  const [master, slave] = [{ fd: it.master }, { fd: it.slave }];
  const setModes = (to: Uint8Array): UndoCall => ['ioctl', slave, terminalCalls.setModes2, to];
  const move = (from: number, to: number): UndoCall => [
    ...(['splice', { fd: from }, 0, { fd: to }, 0, mostWaiting, nonBlocking] as const),
  ];
  const arrive: UndoCall = ['nanosleep', arrivalOfGuard, 0];
  const isTyped = it.role === 'slave';
  return [
    ...(isTyped ? [setModes(withoutLines(it.quiet)), move(it.slave, it.write)] : []),
    setModes(it.quiet),
    move(it.read, isTyped ? it.master : it.slave),
    ...(isTyped ? [arrive] : []),
    setModes(it.modes),
    ...(it.isPacked ? [['ioctl', master, terminalCalls.setPackets, one] as const] : []),
  ];
}

const one = Buffer.from(new Int32Array([1]).buffer);

/** Waits until what was typed has arrived; whether it has. What the terminal itself cannot hold stays on its way. */
export function waitFor(slave: number, bytes: number): boolean {
  const wanted = Math.min(bytes, terminalBuffer - 1);
  for (let waited = 0; bytesAt(slave) < wanted; waited += arrival.look) {
    if (waited >= arrival.whole) return false;
    pause(arrival.look);
  }
  return true;
}
