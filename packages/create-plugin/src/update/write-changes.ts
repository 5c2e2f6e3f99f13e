import { chmodSync, mkdirSync, realpathSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CreateError } from '../create-error.ts';
import type { Change } from './tree.ts';

/** Takes one thing back that was done. */
type Undo = () => void;

/**
 * Writes all changes or none. Every new text is first written beside its place, where most that can go wrong goes wrong;
 * then each is moved in, so that a file is at any moment the old one or the new one. Where a step fails, those before
 * it are taken back.
 *
 * @throws CreateError `FILE_ACCESS`
 */
export function writeChanges(folder: string, changes: readonly Change[]): void {
  const undo: Undo[] = [];
  try {
    const moves = changes.map((change) => prepare(folder, change, undo));
    for (const move of moves) move();
  } catch (error) {
    const kept = takeBack(undo);
    throw new CreateError(
      'FILE_ACCESS',
      `the update could not be written: ${messageOf(error)}`,
      kept.length === 0
        ? 'Nothing was changed. See that the files of the project may be written and that there is space.'
        : `Not everything could be taken back (${kept.join('; ')}): git status shows what is left of it.`,
      error,
    );
  }
}

/** Writes the new text beside its place; the answer moves it in. */
function prepare(folder: string, { path, before, after }: Change, undo: Undo[]): () => void {
  const named = join(folder, path);
  // A link stays one: what it leads to is changed.
  const file = before === null ? named : realpathSync(named);
  const mode = before === null ? null : statSync(file).mode & 0o7777;
  const fresh = `${file}.update-${process.pid}`;
  const put = (text: string): void => {
    writeFileSync(fresh, text, { flag: 'wx' });
    if (mode !== null) chmodSync(fresh, mode);
  };
  if (after !== null) {
    makeFolder(dirname(file), undo);
    undo.push(() => rmSync(fresh, { force: true }));
    put(after);
  }
  return () => {
    if (after === null) rmSync(file);
    else renameSync(fresh, file);
    undo.push(() => {
      if (before === null) return rmSync(file);
      put(before);
      renameSync(fresh, file);
    });
  };
}

function makeFolder(folder: string, undo: Undo[]): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  const made: string[] = [];
  for (let at = folder; at.length >= first.length; at = dirname(at)) made.push(at);
  // The innermost is the last to be noted, since the last is the first to be undone.
  for (const path of made.reverse()) undo.push(() => rmdirSync(path));
}

/** From the last step to the first; answers with what could not be undone. */
function takeBack(undo: readonly Undo[]): string[] {
  return undo.toReversed().flatMap((step) => {
    try {
      step();
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
