import { accessSync, constants, readdirSync, readlinkSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { safeText } from '@criujs/core';
import { arena, type Block, errno, errnoName, readStatus, signals, trySyscall } from '@criujs/linux';
import type { Output } from './output.ts';

/** Exit codes of shells for a command that cannot be started. */
const notFound = 127;
const notAllowed = 126;
/** What runs a script without `#!`, as execvp(3) does. */
const shell = '/bin/sh';

/**
 * Replaces this process by a program, execve(2). Node's other threads end with it, and its own descriptors are closed
 * automatically; other traces of Node are undone first.
 * @returns only when that fails
 */
export function becomeProgram(command: readonly [string, ...string[]], output: Output): number {
  const [name, ...rest] = command;
  const path = findProgram(name);
  if (path === null)
    return complain(`${name}: command not found`, 'Check its spelling and PATH, or give its path.', notFound, output);
  defaultSignals();
  inheritDescriptors();
  let error = execute(path, [name, ...rest]);
  if (error === errno.ENOEXEC) error = execute(shell, [shell, path, ...rest]);
  const code = error === errno.ENOENT ? notFound : notAllowed;
  return complain(
    `${path} cannot be started: ${errnoName(error)}`,
    'Check that it is a program for this machine that you may run.',
    code,
    output,
  );
}

/** Looks a command up in PATH, like a shell. */
export function findProgram(
  name: string,
  path: string = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
): string | null {
  if (name.includes('/')) return name;
  if (name === '') return null;
  return (
    path
      .split(delimiter)
      .map((directory) => join(directory || '.', name))
      .find(isProgram) ?? null
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Node ignores some signals, SIGPIPE among them, and what is ignored stays so in the next program. */
function defaultSignals(): void {
  const { ignored } = readStatus(process.pid);
  for (const signal of Object.values(signals)) {
    // A struct sigaction of zeros: SIG_DFL. 32 bytes, of which the mask takes 8.
    if ((ignored >> BigInt(signal - 1)) & 1n) trySyscall('rt_sigaction', signal, arena.alloc(32).address, 0, 8);
  }
}

/** fcntl(2): F_SETFD. */
const setDescriptorFlags = 2;
/** Kinds of descriptors that Node opens for itself. */
const nodesOwn = /^anon_inode:\[(?:eventpoll|eventfd|io_uring)\]$/;

/**
 * Node marks what it inherited to be closed when another program starts. This takes the mark off again, for the standard
 * streams and for whatever the user handed down; Node's own descriptors keep it.
 */
function inheritDescriptors(): void {
  const links = new Map(descriptors().map((fd) => [fd, linkOf(fd)]));
  for (const fd of inherited(links)) trySyscall('fcntl', fd, setDescriptorFlags, 0);
}

/** Tells descriptors that were there before Node from its own. Node has both ends of each of its pipes. */
export function inherited(links: ReadonlyMap<number, string | null>): number[] {
  const ends = (link: string): number => [...links.values()].filter((it) => it === link).length;
  return [...links.keys()].filter((fd) => {
    const link = links.get(fd) ?? null;
    if (link === null) return false;
    return fd <= 2 || !(nodesOwn.test(link) || (link.startsWith('pipe:') && ends(link) > 1));
  });
}

function descriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number);
}

/** null: it was closed meanwhile, as the one that listed them is. */
function linkOf(fd: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return null;
  }
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
  for (const [index, text] of texts.entries())
    block.view.setBigUint64(index * 8, BigInt(arena.cstring(text).address), true);
  return block;
}

function complain(message: string, remedy: string, code: number, output: Output): number {
  const report = {
    ok: false,
    error: { code: code === notFound ? 'COMMAND_NOT_FOUND' : 'COMMAND_NOT_STARTED', message, remedy },
  };
  if (output.json) output.result(report, '');
  else
    output.note(
      `${output.errorColors.red('criujs:')} ${safeText(message)}\n  ${output.errorColors.cyan('→')} ${remedy}`,
    );
  return code;
}
