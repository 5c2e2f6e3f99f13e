import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bash, compiler, freeHugePages, python, ruby, sh, sqlite } from './machine.ts';

/** A program that checks itself; `programs/target.h` says how it reports and what it is asked. */
export interface Program {
  readonly name: string;
  /** Why it cannot run on this machine, or null. */
  readonly missing: string | null;
  /** Its command line; compiles it where needed. */
  command(): string[];
  readonly env?: Readonly<Record<string, string>>;
}

const sources: string = fileURLToPath(new URL('../programs/', import.meta.url));

/** Compiled programs are kept from run to run, by what they were made of, in a folder that every user may read. */
function compile(name: string): string {
  const files = readdirSync(sources).filter((file) => /\.[chS]$/.test(file));
  const hash = createHash('sha256').update(String(compiler));
  for (const file of files) hash.update(file).update(readFileSync(join(sources, file)));
  const folder = join(tmpdir(), `criujs-programs-${process.getuid?.()}-${hash.digest('hex').slice(0, 12)}`);
  const program = join(folder, name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  if (readdirSync(folder).includes(name)) return program;
  const parts = [join(sources, `${name}.c`), join(sources, 'registers.S')];
  const made = `${program}.${process.pid}`;
  execFileSync(compiler ?? 'cc', ['-O1', '-g', '-Wall', '-Wextra', '-pthread', '-o', made, ...parts], {
    stdio: 'pipe',
  });
  keepFirst(made, program);
  return program;
}

/** Two test files may compile the same program at once: the first one stays, since processes already run it. */
function keepFirst(made: string, program: string): void {
  try {
    linkSync(made, program);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(made);
  }
}

function inC(name: string, env?: Readonly<Record<string, string>>): Program {
  const label = env ? `${name} (${Object.entries(env).flat().join('=')})` : name;
  return {
    name: label,
    missing: compiler ? null : 'no C compiler',
    command: () => [compile(name)],
    ...(env && { env }),
  };
}

function script(file: string, interpreter: string | null, missing: string): Program {
  return { name: file, missing: interpreter ? null : missing, command: () => [interpreter ?? '', join(sources, file)] };
}

/** C programs, with options in the environment. */
export const counter: Program = inC('counter');
export const threads: Program = inC('threads');
export const tree: Program = inC('tree');
export function cProgram(name: string, env?: Readonly<Record<string, string>>): Program {
  return inC(name, env);
}

/** It has some huge pages. */
export const huge: Program = {
  ...inC('huge'),
  missing: compiler === null ? 'no C compiler' : freeHugePages < 8 ? 'no free huge pages (vm.nr_hugepages)' : null,
};

/** Scripts for the interpreters of this machine. */
export const shCounter: Program = script('counter.sh', sh, 'no sh');
export const pipeline: Program = script('pipeline.bash', bash, 'no bash');
export const pythonCounter: Program = script('counter.py', python, 'no python3');
export const pythonPool: Program = script('pool.py', python, 'no python3');
export const sqliteTransaction: Program = script('transaction.py', sqlite && python, 'no sqlite3 or no python3');
export const rubyWorkers: Program = script('workers.rb', ruby, 'no ruby');
export const nodeCounter: Program = script('counter.mjs', process.execPath, 'no node');
/** A server, which no test harness counts: `servers.test.ts` uses it. */
export const nodeHub: Program = script('hub.mjs', process.execPath, 'no node');
