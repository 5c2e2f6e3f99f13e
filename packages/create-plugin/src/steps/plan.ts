import type { Answers } from '../answers.ts';
import { packageManagerCommands } from '../package-manager.ts';
import { repositoryOf } from '../questions/folder.ts';

/** Commands that are run in the new project's folder, as a dry run prints them. */
export interface Plan {
  /** Null: none is wanted. */
  readonly install: readonly string[] | null;
  /** Empty: none is wanted, or the folder is inside of a repository already. */
  readonly git: readonly (readonly string[])[];
}

/** What is run once the files are there. */
export function planCommands({ folder, packageManager, install, git }: Answers): Plan {
  return {
    install: install ? packageManagerCommands[packageManager].install : null,
    git:
      git && repositoryOf(folder) === null
        ? [
            ['git', 'init', '--quiet'],
            // `init --initial-branch` is not known to older ones.
            ['git', 'symbolic-ref', 'HEAD', 'refs/heads/main'],
            ['git', 'add', '--all'],
            ['git', 'commit', '--quiet', '--message', 'A new criujs plugin'],
          ]
        : [],
  };
}
