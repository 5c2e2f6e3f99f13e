import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { test as base } from 'vitest';

/** The package's folder, as it is packed. */
export const shipped: string = fileURLToPath(new URL('..', import.meta.url));

export const bin: string = join(shipped, 'bin', 'create-criu-plugin.cjs');

/** How the command ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty folder in which somebody calls the command. */
export interface Desk {
  readonly folder: string;
  /** A home of its own, in which git knows somebody. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs the command as a script would: no terminal. */
  create(...args: readonly string[]): Promise<Ran>;
  createIn(folder: string, env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Ran>;
  put(path: string, content?: string): void;
  /** All paths below, folders with a slash at their end; nothing of `.git`. */
  list(): readonly string[];
  read(path: string): string;
  /** Puts a program of this name before all others of the PATH. */
  program(name: string, script: string): void;
}

function createDesk(root: string): Desk {
  const folder = join(root, 'desk');
  const home = join(root, 'home');
  const programs = join(root, 'programs');
  for (const path of [folder, home, programs]) mkdirSync(path);
  writeFileSync(join(home, '.gitconfig'), '[user]\n  name = Ann Other\n  email = ann@example.org\n');
  const env: NodeJS.ProcessEnv = {
    PATH: [programs, process.env['PATH']].join(delimiter),
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    TERM: 'xterm-256color',
    npm_config_cache: join(home, 'npm'),
  };
  return {
    folder,
    env,
    create: (...args) => run([process.execPath, bin, ...args], folder, env),
    createIn: (where, more, ...args) => run([process.execPath, bin, ...args], where, { ...env, ...more }),
    put(path, content = '') {
      const full = join(folder, path);
      mkdirSync(join(full, '..'), { recursive: true });
      writeFileSync(full, content);
    },
    list: () => walk(folder, ''),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    program(name, script) {
      writeFileSync(join(programs, name), script);
      chmodSync(join(programs, name), 0o755);
    },
  };
}

/** Runs a command with nothing to read. */
export async function run(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv, uid?: number): Promise<Ran> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const code = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}

function walk(folder: string, prefix: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== '.git')
    .flatMap((entry) =>
      entry.isDirectory()
        ? [`${prefix}${entry.name}/`, ...walk(join(folder, entry.name), `${prefix}${entry.name}/`)]
        : [prefix + entry.name],
    )
    .toSorted();
}

/** A folder with nothing but these programs of this machine. */
export function onlyPrograms(folder: string, programs: Readonly<Record<string, string>>): string {
  mkdirSync(folder);
  for (const [name, target] of Object.entries(programs)) symlinkSync(target, join(folder, name));
  return folder;
}

export const test = base.extend<{ desk: Desk }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the parameter's pattern
  desk: async ({}, use) => {
    const root = mkdtempSync(join(tmpdir(), 'create-criu-plugin-'));
    chmodSync(root, 0o755);
    await use(createDesk(root));
    rmSync(root, { recursive: true });
  },
});
