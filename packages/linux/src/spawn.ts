import { arena, type Block } from './arena.ts';
import { closeFd, duplicate, isCloseOnExec, memfd } from './descriptors/own.ts';
import { errno, LinuxError } from './errors.ts';
import { native } from './native.ts';
import { orderMoves } from './order-moves.ts';
import { readFds } from './proc/read.ts';

/** How a program of ours starts. */
export interface SpawnOptions {
  /** Descriptors it gets: `fd` of ours becomes `as`. It gets no others, not even our standard ones. */
  readonly inherit: readonly { readonly fd: number; readonly as: number }[];
  /** A session of its own: no signals of our terminal or process group reach it. */
  readonly newSession?: boolean;
}

/** posix_spawn(3) of the C library. Every pointer is an address in the arena. */
const prototypes = {
  spawn: 'int posix_spawn(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)',
  initActions: 'int posix_spawn_file_actions_init(int64_t)',
  addClose: 'int posix_spawn_file_actions_addclose(int64_t, int)',
  addDup2: 'int posix_spawn_file_actions_adddup2(int64_t, int, int)',
  destroyActions: 'int posix_spawn_file_actions_destroy(int64_t)',
  initAttributes: 'int posix_spawnattr_init(int64_t)',
  setFlags: 'int posix_spawnattr_setflags(int64_t, int16_t)',
  setMask: 'int posix_spawnattr_setsigmask(int64_t, int64_t)',
  setDefaults: 'int posix_spawnattr_setsigdefault(int64_t, int64_t)',
  destroyAttributes: 'int posix_spawnattr_destroy(int64_t)',
} as const;

type Library = { readonly [N in keyof typeof prototypes]: (...args: number[]) => number };

/** Room for posix_spawn_file_actions_t and posix_spawnattr_t of any C library (glibc: 80 and 336 bytes). */
const objectLength = 1024;
const signalSetLength = 128;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const MFD_EXEC = 0x10;
const imageName = 'criujs';

let library: Library | undefined;

/**
 * Starts a program that is given as the bytes of a static ELF file, and answers its pid. It starts with no environment,
 * nothing blocked and every signal at its default. Node does not learn of the child: whoever started it waits for it
 * (`waitFor`).
 */
export function spawnImage(image: Uint8Array, options: SpawnOptions): number {
  const file = executableFile(image);
  try {
    return spawn({ file }, [imageName], options);
  } finally {
    closeFd(file);
  }
}

/** Starts an installed program in the same way. @param argv its own name, and what it is told */
export function spawnProgram(path: string, argv: readonly string[], options: SpawnOptions): number {
  return spawn({ path }, argv, options);
}

function spawn(
  program: { readonly file: number } | { readonly path: string },
  argv: readonly string[],
  options: SpawnOptions,
): number {
  library ??= loadLibrary();
  const { inherit } = options;
  const targets = new Set(inherit.map(({ as }) => as));
  if (targets.size < inherit.length) throw new RangeError('spawn: two descriptors with the same number in the child');

  const opened: number[] = [];
  const keep = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  try {
    const aside = (fd: number): number => keep(duplicateAside(fd, targets));
    // No dup2 may overwrite what the start itself needs.
    const path = 'path' in program ? program.path : `/proc/self/fd/${aside(program.file)}`;
    const moves = orderMoves(inherit, aside);
    const leaks = readFds(process.pid).filter((fd) => isCloseOnExec(fd) === false);
    return start(library, { path, argv }, leaks, moves, options.newSession === true);
  } finally {
    opened.forEach(closeFd);
  }
}

/** A duplicate at a number that none of `targets` is. Numbers near the limit stay free for those. */
function duplicateAside(fd: number, targets: ReadonlySet<number>): number {
  const misses: number[] = [];
  try {
    for (let atLeast = 3; ; ) {
      const at = duplicate(fd, { atLeast });
      if (!targets.has(at)) return at;
      misses.push(at);
      atLeast = at + 1;
    }
  } finally {
    misses.forEach(closeFd);
  }
}

/** Some systems forbid files in memory to be run unless they say at once that they will be; older kernels do not ask. */
function executableFile(image: Uint8Array): number {
  try {
    return memfd(imageName, image, MFD_EXEC);
  } catch (error) {
    if (!(error instanceof LinuxError) || error.errno !== errno.EINVAL) throw error;
    return memfd(imageName, image);
  }
}

function start(
  library: Library,
  { path, argv }: { readonly path: string; readonly argv: readonly string[] },
  leaks: readonly number[],
  moves: readonly { readonly fd: number; readonly as: number }[],
  newSession: boolean,
): number {
  return arena.scope(() => {
    const actions = arena.alloc(objectLength).address;
    const attributes = arena.alloc(objectLength).address;
    const pid = arena.alloc(4);
    check(library.initActions(actions), 'posix_spawn_file_actions_init');
    check(library.initAttributes(attributes), 'posix_spawnattr_init');
    try {
      for (const fd of leaks) check(library.addClose(actions, fd), `posix_spawn_file_actions_addclose of ${fd}`);
      for (const { fd, as } of moves) {
        check(library.addDup2(actions, fd, as), `posix_spawn_file_actions_adddup2 to ${as}`);
      }
      const flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? POSIX_SPAWN_SETSID : 0);
      const everySignal = arena.alloc(signalSetLength);
      everySignal.bytes.fill(0xff);
      library.setFlags(attributes, flags);
      library.setMask(attributes, arena.alloc(signalSetLength).address);
      library.setDefaults(attributes, everySignal.address);
      const file = arena.cstring(path).address;
      const arguments_ = pointers(...argv.map((text) => arena.cstring(text).address));
      const environment = pointers();
      check(
        library.spawn(pid.address, file, actions, attributes, arguments_.address, environment.address),
        'posix_spawn',
      );
      return pid.view.getInt32(0, true);
    } finally {
      library.destroyAttributes(attributes);
      library.destroyActions(actions);
    }
  });
}

/** These functions answer the error number itself. */
function check(error: number, call: string): void {
  if (error !== 0) throw new LinuxError(call, error);
}

/** An array of pointers that ends with null. */
function pointers(...addresses: readonly number[]): Block {
  const block = arena.alloc((addresses.length + 1) * 8);
  for (const [index, address] of addresses.entries()) block.view.setBigUint64(index * 8, BigInt(address), true);
  return block;
}

function loadLibrary(): Library {
  const { libc } = native();
  const entries = Object.entries(prototypes).map(([name, prototype]) => [name, libc.func(prototype)] as const);
  return Object.fromEntries(entries) as unknown as Library;
}
