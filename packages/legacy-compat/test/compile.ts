import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { compiler } from '../../core/test/harness/machine.ts';

/** Why nothing can be compiled here, or null. */
export const compilerMissing: string | null = compiler === null ? 'no C compiler' : null;

/** Where our criu-plugin.h and criu-log.h are. */
export const headers: string = fileURLToPath(new URL('../native/include', import.meta.url));
const sources: string = fileURLToPath(new URL('compiled/', import.meta.url));

/** All that a compiler can say of a plugin. */
const strict = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror'];

/** Runs the compiler, and gives what it complains of: nothing when all is well. */
export function complaints(args: readonly string[], input?: string): string {
  const { status, stderr } = spawnSync(compiler ?? 'cc', [`-I${headers}`, ...args], { encoding: 'utf8', input });
  return status === 0 ? stderr : `exit code ${status}\n${stderr}`;
}

/** Compiles a plugin of `compiled/` into a folder, and gives the path of the library. */
export function compilePlugin(name: string, folder: string, flags: readonly string[] = []): string {
  mkdirSync(folder, { recursive: true });
  const library = join(folder, `${name}.so`);
  const said = complaints([...strict, ...flags, '-shared', '-fPIC', '-o', library, join(sources, `${name}.c`)]);
  if (said !== '') throw new Error(`${name}.c: ${said}`);
  return library;
}

/** A folder of one test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'criujs-compiled-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The compilers that are here, with that for C++ beside that for C. */
export const compilersHere: readonly { readonly c: string; readonly cpp: string }[] = [
  { c: 'gcc', cpp: 'g++' },
  { c: 'clang', cpp: 'clang++' },
].filter(({ c, cpp }) => [c, cpp].every((it) => spawnSync(it, ['--version']).status === 0));
