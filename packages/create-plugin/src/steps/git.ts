import { spawnSync } from 'node:child_process';
import { runCommand } from './run-command.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Why there is no repository or no commit in it; null when all went well. */
export type GitTrouble = string | null;

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
    if (code !== 0) return `${command.join(' ')} failed: ${output.trim().split('\n')[0] ?? ''}`;
  }
  return null;
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
