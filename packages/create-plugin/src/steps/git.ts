import { spawnSync } from 'node:child_process';
import { runCommand } from './run-command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Why there is no repository or no commit in it; null when all went well. */
export type GitTrouble = {
  readonly why: string;
  /** What the user does about it, as commands; empty: nobody knows. */
  readonly commands: readonly string[];
} | null;

const whoYouAre = ["git config --global user.name 'Your Name'", 'git config --global user.email you@example.com'];

/** Whether git can be run here. */
export function hasGit(environment: Environment): boolean {
  return spawnSync('git', ['--version'], { env: ownGit(environment), stdio: 'ignore' }).status === 0;
}

/** `Name <email>` as git knows the user, or null. */
export function gitAuthor(environment: Environment, cwd: string): string | null {
  const name = setting('user.name', environment, cwd);
  const email = setting('user.email', environment, cwd);
  if (name === null) return null;
  return email === null ? name : `${name} <${email}>`;
}

/** Makes the repository and its first commit. A failure leaves the project as it is: git is a convenience here. */
export async function makeRepository(
  commands: readonly (readonly string[])[],
  folder: string,
  environment: Environment,
): Promise<GitTrouble> {
  for (const command of commands) {
    const { code, output } = await runCommand(command, { cwd: folder, environment: ownGit(environment) });
    if (code === 0) continue;
    if (command[1] === 'commit' && !knowsAuthor(environment, folder)) {
      const why = 'git does not know your name and e-mail, so the first commit was not made.';
      return {
        why,
        commands: [
          ...whoYouAre,
          command
            .filter((it) => it !== '--quiet')
            .map(quoted)
            .join(' '),
        ],
      };
    }
    return { why: `${command.join(' ')} failed: ${output.trim().split('\n')[0] ?? ''}`, commands: [] };
  }
  return null;
}

/** Whether git would say who makes a commit: by its settings, the environment, or what this machine knows of the user. git-var(1) */
function knowsAuthor(environment: Environment, cwd: string): boolean {
  return ['GIT_AUTHOR_IDENT', 'GIT_COMMITTER_IDENT'].every((name) => {
    return spawnSync('git', ['var', name], { cwd, env: ownGit(environment), stdio: 'ignore' }).status === 0;
  });
}

function quoted(word: string): string {
  return /\s/.test(word) ? `'${word}'` : word;
}

function setting(name: string, environment: Environment, cwd: string): string | null {
  const { status, stdout } = spawnSync('git', ['config', '--get', name], {
    cwd,
    env: ownGit(environment),
    encoding: 'utf8',
  });
  const value = status === 0 ? stdout.replaceAll(/[\p{Cc}<>]/gu, '').trim() : '';
  return value === '' ? null : value;
}

/** Without what points git at another repository, as in a hook of one. */
function ownGit(environment: Environment): Environment {
  const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, ...others } = environment;
  return others;
}
