import { execFileSync } from 'node:child_process';
import { CreateError } from '../create-error.ts';

const shown = 5;

/**
 * An update is taken back with git, so all that is in the folder must be committed first.
 *
 * @throws CreateError `NO_GIT` or `DIRTY_TREE`
 */
export function requireCleanTree(folder: string): void {
  const changed = uncommitted(folder);
  if (changed.length === 0) return;
  const more = changed.length > shown ? ` and ${changed.length - shown} more` : '';
  throw new CreateError(
    'DIRTY_TREE',
    `${folder} has changes that are not committed: ${changed.slice(0, shown).join(', ')}${more}`,
    'Commit or stash them, so that the update can be taken back; or update all the same: --force',
  );
}

/** Paths from the folder, files that git ignores left out. */
function uncommitted(folder: string): string[] {
  try {
    const status = ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all', '--', '.'];
    const output = execFileSync('git', ['--no-optional-locks', ...status], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Two letters and a blank before each path (git-status(1), "Porcelain Format Version 1").
    return output
      .split('\0')
      .filter((entry) => entry !== '')
      .map((entry) => entry.slice(3));
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no git here' : (stderr ?? String(error)).trim().split('\n')[0];
    throw new CreateError(
      'NO_GIT',
      `whether ${folder} has changes that are not committed cannot be told: ${reason}`,
      'Put the project under git (git init, then commit), so that the update can be taken back; or: --force',
      error,
    );
  }
}
