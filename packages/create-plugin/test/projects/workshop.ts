import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../../core/test/harness/machine.ts';

const execute = promisify(execFile);

/** A folder in which new projects find what they depend on: our packages as they are shipped, others as they are installed. */
export interface Workshop {
  /** Makes a project as a user does. Gives its folder. */
  create(name: string, flags: readonly string[]): Promise<string>;
  /** Runs a command of the project's dependencies, or of this repository's. @throws Error with all that it said */
  run(folder: string, command: readonly string[]): Promise<string>;
  /** Starts such a command, whose output is read as it comes. */
  start(folder: string, command: readonly string[]): Running;
  remove(): void;
}

/** A command that runs. */
export interface Running {
  readonly stdout: AsyncIterable<string>;
  /** Ends it with all that it has started. */
  end(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What a new project depends on itself, and what its plugin is used with. */
const needed = ['@criujs/core', '@criujs/plugin-sdk', '@criujs/plugin-testing', '@criujs/criu-bridge', 'criujs'];

export function openWorkshop(): Workshop {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-projects-')));
  const modules = join(home, 'node_modules');
  mkdirSync(modules);
  linkOthers(modules);
  installOurs(home, modules);
  const binaries = join(root, 'node_modules', '.bin');
  const env = {
    ...process.env,
    PATH: `${binaries}${delimiter}${process.env['PATH']}`,
    NO_COLOR: '1',
    npm_config_cache: join(home, 'npm'),
    // The tests of the project are no part of ours.
    VITEST: undefined,
    NODE_ENV: undefined,
  };

  async function run(folder: string, [file = '', ...args]: readonly string[]): Promise<string> {
    try {
      const { stdout, stderr } = await execute(file, args, { cwd: folder, env, maxBuffer: 2 ** 26 });
      return stdout + stderr;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${file} ${args.join(' ')} failed in ${folder}\n${stdout}${stderr}`, { cause: error });
    }
  }

  return {
    async create(name, flags) {
      const bin = join(root, 'packages', 'create-plugin', 'bin', 'create-criu-plugin.cjs');
      await run(home, [process.execPath, bin, name, '--yes', '--skip-install', '--no-git', ...flags]);
      return join(home, name);
    },
    run,
    start(folder, [file = '', ...args]) {
      const child = spawn(file, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
      const { pid } = child;
      if (pid === undefined) throw new Error(`${file} cannot be started`);
      const ended = new Promise<void>((resolve) => void child.on('exit', () => resolve()));
      return {
        stdout: child.stdout.setEncoding('utf8'),
        async end() {
          process.kill(-pid, 'SIGTERM');
          await ended;
        },
      };
    },
    remove: () => rmSync(home, { recursive: true }),
  };
}

/** Links to all that this repository has installed of others. */
function linkOthers(modules: string): void {
  const installed = join(root, 'node_modules');
  for (const name of readdirSync(installed)) {
    if (name === '@criujs' || name.startsWith('.')) continue;
    symlinkSync(join(installed, name), join(modules, name));
  }
}

/** Packs our packages and unpacks them, so that only what is shipped is there. */
function installOurs(home: string, modules: string): void {
  const folders = new Map(
    readdirSync(join(root, 'packages')).map((folder) => [manifestOf(folder).name, manifestOf(folder)] as const),
  );
  const wanted = new Set(needed);
  for (const name of wanted) {
    for (const other of Object.keys(folders.get(name)?.dependencies ?? {})) if (folders.has(other)) wanted.add(other);
  }
  const workspaces = [...wanted].flatMap((name) => ['--workspace', name]);
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', home, ...workspaces], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const { name, filename } of JSON.parse(packed) as { name: string; filename: string }[]) {
    const folder = join(modules, name);
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['-xzf', join(home, filename), '-C', folder, '--strip-components', '1']);
  }
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
}
