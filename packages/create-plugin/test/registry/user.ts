import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inject } from 'vitest';
import { type Ended, nobody, run } from '../../../core/test/harness/command.ts';
import { keepDescriptors } from '../../../core/test/harness/keep-descriptors.ts';
import { test as placeTest } from '../../../core/test/harness/place.ts';
import { processesIn } from '../../../core/test/harness/processes.ts';
import { until } from '../../../core/test/harness/wait.ts';
import { type Offline, offlineMissing, openOffline } from './offline.ts';

/** Somebody who comes with nothing: a home, an npm cache and a prefix of their own, all empty, and one registry. */
export interface User {
  readonly home: string;
  /** A path in the home that does not exist yet. */
  path(name: string): string;
  /** A command in a folder, which must succeed. @throws Error with all that it said */
  run(folder: string, command: readonly string[]): Promise<string>;
  /** A command in a folder, however it ends. */
  try(folder: string, command: readonly string[]): Promise<Ended>;
  /** Removes the home. @throws Error when a process is left that works there */
  leave(): Promise<void>;
}

export interface UserOptions {
  /** The Node that the user has; default: the one that runs the tests. */
  readonly node?: string;
  /** An npm cache that others have filled; default: an empty one of their own. */
  readonly cache?: string;
  /** A user without rights: needs root. */
  readonly asNobody?: boolean;
}

const becomeNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--inh-caps=-all'];
const settings = ['fund=false', 'audit=false', 'update-notifier=false'];

export async function createUser(registry: string, options: UserOptions = {}): Promise<User> {
  const { node = process.execPath, asNobody = false } = options;
  // What the user starts is dumped as it would be elsewhere.
  keepDescriptors();
  const home = mkdtempSync(join(tmpdir(), 'criujs-user-'));
  for (const name of ['tmp', 'prefix']) mkdirSync(join(home, name));
  writeFileSync(join(home, '.npmrc'), [`registry=${registry}`, ...settings, ''].join('\n'));
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Somebody\n\temail = somebody@example.com\n');
  const offline: Offline | null = offlineMissing === null ? await openOffline(registry, home) : null;
  const environment = {
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    PATH: [dirname(node), join(home, 'prefix/bin'), ...systemPath()].join(':'),
    LANG: 'C.UTF-8',
    npm_config_prefix: join(home, 'prefix'),
    npm_config_cache: options.cache ?? join(home, '.npm'),
  };
  const setting = ['env', '-i', ...Object.entries(environment).map((it) => it.join('='))];
  const start = [...(offline?.enter ?? []), ...(asNobody ? becomeNobody : []), ...setting];
  if (asNobody) for (const path of ['', ...readdirSync(home)]) chownSync(join(home, path), nobody, nobody);

  const attempt = (folder: string, command: readonly string[]): Promise<Ended> =>
    run([...start, ...command], { cwd: folder });
  return {
    home,
    path: (name) => join(home, name),
    try: attempt,
    async run(folder, command) {
      const { code, signal, stdout, stderr } = await attempt(folder, command);
      if (code === 0) return stdout;
      throw new Error(`${command.join(' ')} ended with ${signal ?? code}\n${stderr}${stdout}`);
    },
    async leave() {
      await offline?.close();
      const left = await leftIn(home);
      rmSync(home, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`processes are left in ${home}:\n${left.join('\n')}`);
    },
  };
}

/** What a command says with `--json`, and its exit code. */
export async function jsonOf(user: User, folder: string, command: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, code: exitCode } = await user.try(folder, [...command, '--json']);
  try {
    return { exitCode, ...JSON.parse(stdout) };
  } catch (error) {
    throw new Error(`${command.join(' ')} ended with ${exitCode}\n${stderr}${stdout}`, { cause: error });
  }
}

/** Without what npm and the checkout put there for the tests. */
function systemPath(): string[] {
  return (process.env['PATH'] ?? '').split(':').filter((folder) => !folder.includes('node_modules'));
}

/** What still works in the home after a moment; it is ended. Nobody but this user has started it. */
async function leftIn(home: string): Promise<string[]> {
  try {
    await until('the last process in the home ends', () => processesIn(home).length === 0);
    return [];
  } catch {
    const left = processesIn(home);
    for (const line of left) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    return left;
  }
}

/** A test with users who are gone after it, whatever its outcome. */
export const test = placeTest.extend<{ newUser: (options?: UserOptions) => Promise<User> }>({
  // The place is cleared after the users are gone.
  newUser: async ({ place: _ }, use) => {
    const users: User[] = [];
    await use(async (options) => {
      const user = await createUser(inject('registry'), options);
      users.push(user);
      return user;
    });
    for (const user of users) await user.leave();
  },
});
