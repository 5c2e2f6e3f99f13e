import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isImageName, prepareForRestore, readImageOf } from '@criujs/engine-kit';
import { decodeImage, type EntryOf, type ImageKind } from '@criujs/images';

/** More problems are only counted. */
const mostProblems = 100;

/** Reads images one by one; what is wrong with one is noted, and the others are read all the same. */
export interface Reader {
  readonly directory: string;
  /** Names of the images that are there. */
  readonly names: ReadonlySet<string>;
  readonly problems: string[];
  note(problem: string): void;
  /** null: it is not there, or a problem was noted. */
  bytes(name: string): Uint8Array | null;
  entries<K extends ImageKind>(kind: K, name: string): readonly EntryOf<K>[];
  /** Gives what `read` makes of an image; null and a note when it throws. */
  attempt<T>(what: string, read: () => T): T | null;
  /** The size of an image. */
  size(name: string): number;
}

/** @throws EngineError IMAGES_INCOMPLETE, NOT_PERMITTED */
export function openReader(directory: string): Reader {
  const names = namesIn(directory);
  const problems: string[] = [];
  let more = 0;

  function note(problem: string): void {
    if (problems.length < mostProblems) problems.push(problem);
    else problems[mostProblems] = `and ${++more} more`;
  }

  function attempt<T>(what: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      const { message } = error as Error;
      note(isAbout(what, error) ? message : `${what}: ${message}`);
      return null;
    }
  }

  const bytes = (name: string): Uint8Array | null => {
    return names.has(name) ? attempt(name, () => readImageOf(directory, name)) : null;
  };

  return {
    directory,
    names,
    problems,
    note,
    attempt,
    bytes,
    entries(kind, name) {
      const content = bytes(name);
      if (content === null) return [];
      const records = attempt(name, () => decodeImage(kind, content, { file: name }));
      return (records ?? []).map(({ message }) => message);
    },
    size: (name) => attempt(name, () => lstatSync(join(directory, name)).size) ?? 0,
  };
}

/** Whether an error of ours names this image in its message. */
function isAbout(name: string, error: unknown): boolean {
  const { resource, file } = error as { readonly resource?: unknown; readonly file?: unknown };
  return resource === name || file === name;
}

function namesIn(directory: string): ReadonlySet<string> {
  let names: string[] = [];
  try {
    names = readdirSync(directory);
  } catch {
    // Says why.
    prepareForRestore(directory);
  }
  const images = names.filter(isImageName);
  if (images.length === 0) prepareForRestore(directory);
  return new Set(images);
}
