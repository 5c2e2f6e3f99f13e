import type { TerminalRecord } from '@criujs/engine-kit';
import type { EntryInit } from '@criujs/images';
import type { Problem, Recognition, SeenFile, Tree } from '../held.ts';
import type { LoadContext, Opener } from '../opening.ts';
import type { TerminalFile } from './terminal-entry.ts';
import { readModes } from './terminal-modes.ts';
import { shortDevice } from './terminal-seen.ts';

/** What an image says of one terminal, before it is encoded. */
export type TerminalInit = Omit<EntryInit<'TTY_INFO'>, '$typeName' | '$unknown'>;

/** A sort of terminals: CRIU's images have all of them as one kind of file. */
export interface TerminalDriver {
  /** CRIU's type of its terminals. */
  readonly types: readonly number[];
  /** As that of a kind of file. */
  recognise(file: SeenFile, tree: Tree): Recognition;
  /** Why one cannot be dumped after all, once the tree stands still; null: it can. `fd` is a descriptor of our own. */
  problem(fd: number, file: SeenFile, tree: Tree): Problem | null;
  /** The id of its terminal in the images: open files of one terminal have the same. */
  idOf(file: SeenFile, tree: Tree): number;
  info(file: SeenFile, tree: Tree): TerminalInit;
  /** What the images have no place for. */
  record?(file: SeenFile, tree: Tree): TerminalRecord | null;
  /** What waits at this end. */
  waiting?(file: SeenFile, tree: Tree): Uint8Array;
  load(files: readonly TerminalFile[], context: LoadContext): Opener;
}

/** What an image says of any terminal. */
export function infoOf(
  file: SeenFile,
  tree: Tree,
  known: Pick<TerminalInit, 'id' | 'type'> & Partial<TerminalInit>,
): TerminalInit {
  return { ...bareInfo(file), ...tree.borrow(file, readModes), ...known };
}

/** The same of one that was hung up: nothing more can be asked. */
export function hungUpInfo(file: SeenFile, known: Pick<TerminalInit, 'id' | 'type' | 'pty'>): TerminalInit {
  return { ...bareInfo(file), ...known };
}

function bareInfo({ stat: { rdev, dev, uid, gid } }: SeenFile): Omit<TerminalInit, 'id' | 'type'> {
  return {
    ...{ rdev: shortDevice(rdev), dev: shortDevice(dev), uid: Number(uid), gid: Number(gid) },
    ...{ locked: false, exclusive: false, packetMode: false, sid: 0, pgrp: 0 },
  };
}

/** The refusal of a terminal that a program outside of the tree shows. */
export function shownOutside(file: string): Problem {
  return {
    file,
    why: 'the program that shows it is outside of the dumped tree',
    remedy:
      'Let a restore give it another terminal: --shell-job (option `shellJob`). Or: Dump a tree that has that program, too. Or: Start the program with its input and output redirected (setsid CMD </dev/null >LOG 2>&1).',
  };
}
