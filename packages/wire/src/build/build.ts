import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WireError } from '../errors.ts';
import { checkPrivate, defaultCache, makePrivate } from './cache.ts';
import { findCompiler } from './compiler.ts';
import { runsHere } from './platform.ts';

/** A library that a program loads, or a program. */
export type NativeKind = 'library' | 'program';

export interface BuildOptions {
  /** One C file. It finds `wire.h`, and the headers beside itself. */
  readonly source: string | URL;
  readonly kind: NativeKind;
  /** More arguments for the compiler, for example libraries. */
  readonly flags?: readonly string[] | undefined;
  /** Where a build for this machine may lie already: `FOLDER/linux-x64-glibc-2.36/NAME-HASH.so`. */
  readonly prebuilt?: string | URL | undefined;
  /**
   * Where it is kept once it is built. Default: `criujs/native` in `XDG_CACHE_HOME`, in `.cache` of `HOME`, or of the effective
   * user's home: the first that is nobody else's.
   */
  readonly cache?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

const common = ['-std=gnu11', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-fPIC'] as const;
const kinds: Readonly<Record<NativeKind, { readonly flags: readonly string[]; readonly suffix: string }>> = {
  library: { flags: ['-shared', '-fvisibility=hidden'], suffix: '.so' },
  program: { flags: ['-pie'], suffix: '' },
};

/** The folder of `wire.h`. */
const headers = fileURLToPath(new URL('../../native/', import.meta.url));

/**
 * Gives the path of a native part: one that was shipped, else one that was built here before, else it is built now. Which
 * sources and flags it was built from is in its name, so a build is never older than its source. `CRIUJS_NATIVE=build` in
 * the environment leaves what was shipped alone.
 * @throws WireError NATIVE_NO_COMPILER, NATIVE_BUILD_FAILED, NATIVE_CACHE_UNSAFE
 */
export async function buildNative(options: BuildOptions): Promise<string> {
  const { source, file, args, prebuilt } = planOf(options);
  const { env = process.env } = options;
  const shipped = env['CRIUJS_NATIVE'] === 'build' ? undefined : findShipped(prebuilt, file);
  if (shipped !== undefined) return shipped;
  const folder = options.cache === undefined ? defaultCache(env) : resolve(options.cache);
  makePrivate(folder);
  const built = join(folder, file);
  if (!existsSync(built)) await compile({ compiler: findCompiler(env), source, args, target: built, env });
  checkPrivate(built);
  return built;
}

/** What is built from what, under which name. */
export function planOf({ source: given, kind, flags = [], prebuilt }: BuildOptions): {
  readonly source: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly prebuilt: string | undefined;
} {
  const source = pathOf(given);
  const args = [...common, ...kinds[kind].flags, ...flags];
  const file = `${nameOf(source)}-${hashOf(source, args)}${kinds[kind].suffix}`;
  return { source, file, args, prebuilt: prebuilt === undefined ? undefined : pathOf(prebuilt) };
}

function findShipped(prebuilt: string | undefined, file: string): string | undefined {
  if (prebuilt === undefined || !existsSync(prebuilt)) return undefined;
  const folders = readdirSync(prebuilt).filter((folder) => runsHere(folder));
  return folders.map((folder) => join(prebuilt, folder, file)).find((path) => existsSync(path));
}

/** One run of a compiler. */
interface Compilation {
  readonly compiler: string;
  readonly source: string;
  readonly args: readonly string[];
  readonly target: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Builds `target`, which is there as a whole or not at all. @throws WireError NATIVE_BUILD_FAILED */
export async function compile({ compiler, source, args, target, env }: Compilation): Promise<void> {
  const temporary = `${target}.${randomBytes(6).toString('hex')}`;
  const given = [...args.filter((it) => !isLibrary(it)), '-I', headers, '-o', temporary, source];
  const { error, output } = await run(compiler, [...given, ...args.filter(isLibrary)], env);
  if (error === null) {
    renameSync(temporary, target);
    return;
  }
  rmSync(temporary, { force: true });
  const said = output.split('\n').slice(0, 20);
  const lines = said.map((line) => `  ${line.replaceAll('\t', '    ')}`);
  throw new WireError('NATIVE_BUILD_FAILED', [`${compiler} cannot build ${source}:`, ...lines].join('\n'), {
    remedy: 'Install the headers of the C library (Debian: apt-get install libc6-dev), or set CC to another compiler.',
    cause: error,
  });
}

/** Libraries count after the file that uses them. */
function isLibrary(arg: string): boolean {
  return arg.startsWith('-l');
}

function run(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly error: Error | null; readonly output: string }> {
  return new Promise((done) => {
    execFile(file, args, { env }, (error, stdout, stderr) => done({ error, output: `${stderr}${stdout}`.trim() }));
  });
}

/** Of everything that decides what comes out. */
function hashOf(source: string, args: readonly string[]): string {
  const folders = new Set([dirname(source), headers]);
  const files = [...folders].flatMap((it) =>
    readdirSync(it, { recursive: true, encoding: 'utf8' }).map((name) => join(it, name)),
  );
  const hash = createHash('sha256').update(args.join('\0'));
  for (const path of [source, ...files.filter((it) => it.endsWith('.h')).sort()])
    hash.update('\0').update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

function nameOf(source: string): string {
  return source.slice(dirname(source).length + 1, -extname(source).length);
}

function pathOf(it: string | URL): string {
  return typeof it === 'string' ? resolve(it) : fileURLToPath(it);
}
