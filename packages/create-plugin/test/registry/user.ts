import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Ended, run } from '../../../core/test/harness/command.ts';
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
}

const settings = ['fund=false', 'audit=false', 'update-notifier=false'];

export async function createUser(registry: string, { node = process.execPath }: UserOptions = {}): Promise<User> {
  const home = mkdtempSync(join(tmpdir(), 'criujs-user-'));
  for (const name of ['tmp', 'prefix']) mkdirSync(join(home, name));
  writeFileSync(join(home, '.npmrc'), [`registry=${registry}`, ...settings, ''].join('\n'));
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Somebody\n\temail = somebody@example.com\n');
  const offline: Offline | null = offlineMissing === null ? await openOffline(registry, home) : null;
  const environment = {
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    PATH: [dirname(node), join(home, 'prefix/bin'), process.env['PATH']].join(':'),
    LANG: 'C.UTF-8',
    npm_config_prefix: join(home, 'prefix'),
    npm_config_cache: join(home, '.npm'),
  };
  const start = [...(offline?.enter ?? []), 'env', '-i', ...Object.entries(environment).map((it) => it.join('='))];

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
      try {
        await until('the last process in the home ends', () => processesIn(home).length === 0, 10_000);
      } catch {
        throw new Error(`processes are left:\n${processesIn(home).join('\n')}`);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
  };
}
