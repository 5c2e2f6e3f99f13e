import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { arena, type Block, errno, errnoName, signals, trySyscall } from '@criujs/linux';
import type { Output } from './output.ts';

/** Exit codes of shells for a command that cannot be started. */
const notFound = 127;
const notAllowed = 126;
/** What runs a script without `#!`, as execvp(3) does. */
const shell = '/bin/sh';

/**
 * Replaces this process by a program, execve(2). Node's other threads end with it, and its own descriptors close by
 * themselves; what is left of Node is undone first.
 * @returns only when that fails
 */
export function becomeProgram(command: readonly [string, ...string[]] | readonly string[], output: Output): number {
  const [name = '', ...rest] = command;
  const path = findProgram(name);
  if (path === null) return complain(`${name}: there is no such command`, 'Check its spelling and PATH, or give its path.', notFound, output);
  defaultSignals();
  let error = execute(path, [name, ...rest]);
  if (error === errno.ENOEXEC) error = execute(shell, [shell, path, ...rest]);
  const code = error === errno.ENOENT ? notFound : notAllowed;
  return complain(`${path} cannot be started: ${errnoName(error)}`, 'Check that it is a program for this machine that you may run.', code, output);
}

/** Looks a command up in PATH, like a shell. */
export function findProgram(name: string, path: string = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'): string | null {
  if (name.includes('/')) return name;
  if (name === '') return null;
  return path.split(delimiter).map((directory) => join(directory || '.', name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Node ignores SIGPIPE, and what is ignored stays so in the next program. */
function defaultSignals(): void {
  // A struct sigaction of zeros: SIG_DFL. 32 bytes, of which the mask takes 8.
  trySyscall('rt_sigaction', signals.SIGPIPE, arena.alloc(32).address, 0, 8);
}

/** @returns the error number; it only returns when it failed */
function execute(path: string, args: readonly string[]): number {
  return arena.scope(() => {
    const environment = Object.entries(process.env).map(([key, value]) => `${key}=${value}`);
    return -trySyscall('execve', arena.cstring(path).address, pointers(args).address, pointers(environment).address);
  });
}

/** An array of pointers to strings, with a null at its end. */
function pointers(texts: readonly string[]): Block {
  const block = arena.alloc((texts.length + 1) * 8);
  texts.forEach((text, index) => block.view.setBigUint64(index * 8, BigInt(arena.cstring(text).address), true));
  return block;
}

function complain(message: string, remedy: string, code: number, output: Output): number {
  const report = { ok: false, error: { code: code === notFound ? 'COMMAND_NOT_FOUND' : 'COMMAND_NOT_STARTED', message, remedy } };
  if (output.json) output.result(report, '');
  else output.note(`${output.errorColors.red('criujs:')} ${message}\n  ${output.errorColors.cyan('→')} ${remedy}`);
  return code;
}
