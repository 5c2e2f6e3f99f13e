import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CreateError } from '../create-error.ts';

/** What may be in a folder that a project is made in: nothing of it is lost. A pattern each, whatever the case. */
const harmless: readonly RegExp[] = [
  /^\.git$/i,
  /^\.gitattributes$/i,
  /^\.gitignore$/i,
  /^\.hg$/i,
  /^\.hgignore$/i,
  /^\.DS_Store$/i,
  /^\.directory$/i,
  /^\.idea$/i,
  /^\.vscode$/i,
  /^\.devcontainer$/i,
  /^Thumbs\.db$/i,
  /^LICEN[CS]E(\..*)?$/i,
  /^COPYING$/i,
  /^README(\..*)?$/i,
  /^(npm-debug|yarn-error|yarn-debug)\.log$/i,
];

/**
 * Checks that a project can be created in a folder, which need not exist yet. Changes nothing.
 * @throws {CreateError} `FOLDER_TAKEN` or `FOLDER_UNWRITABLE`
 */
export function checkFolder(folder: string, force: boolean): void {
  const found = standing(folder);
  const there = found === folder;
  if (!statSync(found).isDirectory()) {
    throw new CreateError('FOLDER_TAKEN', `${found} is a file, not a folder`, 'Choose another folder.');
  }
  if (there) checkEntries(folder, force);
  try {
    accessSync(found, constants.W_OK | constants.X_OK);
  } catch (error) {
    const remedy = 'Choose another folder, or ask for the right to write there.';
    throw new CreateError('FOLDER_UNWRITABLE', `${found} cannot be written to`, remedy, error);
  }
}

/** A git repository that holds the folder, whether it is there yet or not; null outside of any. */
export function repositoryOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (statSync(join(at, '.git'), { throwIfNoEntry: false }) !== undefined) return at;
    if (at === dirname(at)) return null;
  }
}

function checkEntries(folder: string, force: boolean): void {
  if (force) return;
  const strange = entriesOf(folder).filter((name) => !harmless.some((pattern) => pattern.test(name)));
  if (strange.length === 0) return;
  const shown = strange.slice(0, 5).join(', ') + (strange.length > 5 ? ` and ${strange.length - 5} more` : '');
  throw new CreateError(
    'FOLDER_TAKEN',
    `${folder} is not empty: ${shown}`,
    'Choose another folder, or use --force: it overwrites the files that the project has too, and leaves others alone.',
  );
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    const remedy = 'Choose another folder.';
    throw new CreateError('FOLDER_UNWRITABLE', `${folder} cannot be read`, remedy, error);
  }
}

/** The folder itself, or the nearest one above it that is there. */
function standing(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    try {
      if (statSync(at, { throwIfNoEntry: false }) !== undefined || at === dirname(at)) return at;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // A file on the way: the folder above it tells. Anything else (no right to look) cannot be written to either.
      if (code === 'ENOTDIR') continue;
      const remedy = 'Choose another folder.';
      throw new CreateError('FOLDER_UNWRITABLE', `${at} cannot be looked at (${code})`, remedy, error);
    }
  }
}
