import type { EngineOptions } from '@criujs/engine-kit';
import { type LockKind, type LockType, lockKinds, lockTypes } from '../../facts/file-locks.ts';
import type { Problem, SeenFile } from './held.ts';

/** A lock or lease, as /proc shows it with the descriptor through which it was taken. */
export interface SeenLock {
  readonly kind: LockKind;
  readonly type: LockType;
  /** Of a lease: somebody waits for its end. */
  readonly breaking: boolean;
  /** The process that took it; -1: the kernel does not say. */
  readonly owner: number;
  /** The first byte, and how many; 0: up to the end, wherever that will be. fcntl(2). */
  readonly start: bigint;
  readonly length: bigint;
}

/** `1: POSIX  ADVISORY  WRITE 4242 00:20:12 0 EOF`. proc_locks(5) */
const pattern = /^\d+:\s+(\S+)\s+(\S+)\s+(\S+)\s+(-?\d+)\s+\S+\s+(\d+)\s+(\d+|EOF)$/;

/** Parses a `lock:` line of fdinfo. null: a lock of a kind that programs cannot take themselves. */
export function parseLock(line: string): SeenLock | null {
  const [, kind = '', state = '', type = '', owner = '', start = '', end = ''] = pattern.exec(line) ?? [];
  if (!isOneOf(lockKinds, kind) || !isOneOf(lockTypes, type)) return null;
  const first = BigInt(start);
  const length = end === 'EOF' ? 0n : BigInt(end) + 1n - first;
  return { kind, type, breaking: state === 'BREAKING', owner: Number(owner), start: first, length };
}

function isOneOf<T extends object>(table: T, word: string): word is Extract<keyof T, string> {
  return Object.hasOwn(table, word);
}

/** Why a file that the program has locked cannot be dumped. */
export function lockProblem({ link: file, info }: SeenFile, { fileLocks }: EngineOptions<'dump'>): Problem | null {
  if (info.locks.length === 0) return null;
  if (!fileLocks)
    return {
      file,
      why: 'the program holds a lock on it, which another program could take before it is restored',
      remedy: 'Let the dump keep locks, and the restore take them again: --file-locks (option `fileLocks`).',
    };
  const unknown = info.locks.find((line) => parseLock(line) === null);
  if (unknown === undefined) return null;
  return {
    file,
    why: `it is locked in a way that nobody restores (${unknown})`,
    remedy: 'Let the program close it before the dump.',
  };
}
