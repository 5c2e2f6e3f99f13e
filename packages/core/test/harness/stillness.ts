import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { portrait } from './portrait.ts';
import { proc, threadsOf, treeOf } from './processes.ts';

/** Below the stack pointer the ABI leaves this much to functions; what lies further down may be overwritten by any signal. */
const redZone = 128;
/** How far down an engine that is killed in the middle may have written. */
const belowStack = 8192;
/** At the end of the vdso it may leave the code of its first call. */
const cave = 64;

const lines = /^(SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt|TracerPid|State):.*$/gm;

/**
 * All of a tree that waits in system calls and does nothing: its portrait, the masks, calls, stack and instruction pointers of
 * its threads, and all memory that is its own. Left out is what lies below a thread's red zone.
 */
export function stillness(root: number): string {
  return [portrait(root), ...treeOf(root).flatMap((pid) => [...describeThreads(pid), ...describeMemory(pid)])].join(
    '\n',
  );
}

function describeThreads(pid: number): string[] {
  return threadsOf(pid).map((tid) => {
    const status = (proc(pid, `task/${tid}/status`) ?? '').match(lines) ?? [];
    return `thread ${tid}: ${status.join(' ')} call ${proc(pid, `task/${tid}/syscall`)?.trim()}`;
  });
}

/** The stack pointer of a thread that waits in a call: the last but one of what /proc/PID/syscall shows. */
function stackPointers(pid: number): number[] {
  return threadsOf(pid).map((tid) => Number((proc(pid, `task/${tid}/syscall`) ?? '').trim().split(' ').at(-2)));
}

function describeMemory(pid: number): string[] {
  const stacks = stackPointers(pid);
  const fd = openSync(`/proc/${pid}/mem`, 'r');
  try {
    return (proc(pid, 'maps') ?? '').split('\n').flatMap((line) => {
      const [, from = '', to = '', name = ''] = /^(\w+)-(\w+) (?:rw.|r.x)p \w+ \S+ \d+ *(.*)$/.exec(line) ?? [];
      if (!from) return [];
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
      const bytes = Buffer.alloc(end - start);
      readSync(fd, bytes, 0, bytes.length, start);
      if (name === '[vdso]') bytes.fill(0, bytes.length - cave);
      for (const stack of stacks) {
        const [low, high] = [stack - redZone - belowStack - start, stack - redZone - start];
        if (high > 0 && low < bytes.length) bytes.fill(0, Math.max(0, low), Math.min(bytes.length, high));
      }
      return [`memory of ${pid} ${line}: ${createHash('sha256').update(bytes).digest('hex')}`];
    });
  } finally {
    closeSync(fd);
  }
}
