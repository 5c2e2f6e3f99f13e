import { mkdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { CreateError } from '../create-error.ts';

/** A file to be written. */
export interface FileToWrite {
  /** Absolute. */
  readonly path: string;
  readonly content: string | Buffer;
  readonly executable: boolean;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Writes all files or none: when one cannot be written, or Ctrl-C is pressed meanwhile, what was made is removed and what
 * was overwritten is put back.
 * @throws {CreateError} `WRITE_FAILED` or `INTERRUPTED`
 */
export async function writeFiles(files: readonly FileToWrite[]): Promise<void> {
  const undo: (() => void)[] = [];
  const interrupted = await holdSignals(() => {
    for (const file of files) tryTo(file, undo);
  });
  if (!interrupted) return;
  revert(undo);
  throw new CreateError('INTERRUPTED', 'interrupted: nothing was written', 'Start again whenever you like.');
}

function tryTo(file: FileToWrite, undo: (() => void)[]): void {
  try {
    write(file, undo);
  } catch (error) {
    revert(undo);
    const what = `${file.path} could not be written: ${(error as Error).message}`;
    throw new CreateError(
      'WRITE_FAILED',
      what,
      'Nothing of the project was left behind. Choose another folder.',
      error,
    );
  }
}

function write({ path, content, executable }: FileToWrite, undo: (() => void)[]): void {
  makeFolder(dirname(path), undo);
  const before = statSync(path, { throwIfNoEntry: false });
  if (before === undefined) {
    undo.push(() => rmSync(path, { force: true }));
    writeFileSync(path, content, { flag: 'wx', mode: executable ? 0o777 : 0o666 });
    return;
  }
  const present = readFileSync(path);
  undo.push(() => writeFileSync(path, present));
  writeFileSync(path, content);
}

function makeFolder(folder: string, undo: (() => void)[]): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(folder), undo);
  mkdirSync(folder);
  undo.push(() => rmdirSync(folder));
}

/** The last step first. What somebody else put into a new folder meanwhile keeps that folder alive. */
function revert(undo: readonly (() => void)[]): void {
  for (const step of undo.toReversed()) {
    try {
      step();
    } catch {
      // The others are still to be taken.
    }
  }
}

/** Whether a signal came while `work` ran: it must not end the process in the middle. */
async function holdSignals(work: () => void): Promise<boolean> {
  let came = false;
  const hold = (): void => {
    came = true;
  };
  for (const signal of signals) process.on(signal, hold);
  try {
    work();
    // Node delivers a signal only between two turns of its loop.
    await setImmediate();
    await setImmediate();
    return came;
  } finally {
    for (const signal of signals) process.off(signal, hold);
  }
}
