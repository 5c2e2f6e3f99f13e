import { writeSync } from 'node:fs';
import { pause } from '@criujs/engine-kit/targets';
import { modesStruct, terminalCalls } from '../../../facts/terminals.ts';
import { waitFor } from './pty-queue.ts';
import { isCanonical, newLine, quietModes } from './pty-quiet.ts';
import type { Pty } from './pty-store.ts';
import { modesBytes, tellBytes } from './terminal-modes.ts';

/** How long to wait where nothing can be seen, in milliseconds. */
const unseen = 20;

/** What waited at the ends of a pseudo terminal. */
export interface Waiting {
  readonly atMaster: Uint8Array;
  readonly atSlave: Uint8Array;
}

/**
 * Puts back what waited in a new pseudo terminal, each through its other end, before it gets its modes: these have done their part already.
 * @returns whether all of it has arrived
 */
export function fillPty(
  { master: known, slaves }: Pty,
  { master, slave }: { readonly master: number; readonly slave: number },
  { atMaster, atSlave }: Waiting,
): boolean {
  const termios = known?.info.termios ?? slaves[0]?.info.termios;
  const modes = termios === undefined ? new Uint8Array(modesStruct.size) : modesBytes(termios);
  tellBytes(master, terminalCalls.setModes, quietModes(modes, 'slave').subarray(0, modesStruct.inputSpeed));
  writeAll(slave, atMaster);
  writeAll(master, atSlave);
  if (!isCanonical(modes)) return waitFor(slave, atSlave.length);
  // A line that was being typed is not to be seen.
  const hasArrived = waitFor(slave, atSlave.lastIndexOf(newLine) + 1);
  pause(unseen);
  return hasArrived;
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
