import { native } from '../native.ts';
import { syscallNumbers } from '../processor/processor.ts';
import { trySyscall } from '../syscall.ts';

/** Numbers that nobody closes by chance, the best first: RLIMIT_NOFILE may forbid it. */
const floors = [4000, 900, 200] as const;
const F_DUPFD_CLOEXEC = 1030;

/** A second number for an open file. */
export interface Spare {
  /** Settles when it is there and used, or cannot be made. */
  readonly made: Promise<void>;
  /** Closes it, also when it is there later only. */
  close(): void;
}

/**
 * Gives a descriptor a second, high number, and tells `use` when that is done. Another thread does it: the kernel makes the table
 * of descriptors larger for it, which takes more than ten milliseconds in a process of several threads (`expand_files`).
 */
export function makeSpare(fd: number, use: (spare: number) => void): Spare {
  let closed = false;
  let spare: number | null = null;
  const end = (): void => {
    // Who closed the other numbers may have closed it, too.
    if (closed && spare !== null) trySyscall('close', spare);
  };
  const made = duplicateElsewhere(fd).then((number) => {
    spare = number;
    if (closed) end();
    else if (number !== null) use(number);
  });
  return {
    made,
    close() {
      if (closed) return;
      closed = true;
      end();
    },
  };
}

async function duplicateElsewhere(fd: number): Promise<number | null> {
  for (const floor of floors) {
    const spare = await callElsewhere(syscallNumbers.fcntl, fd, F_DUPFD_CLOEXEC, floor);
    if (spare >= 0) return spare;
  }
  return null;
}

type Elsewhere = (...words: readonly [...number[], (error: unknown, result: number) => void]) => void;

let elsewhere: Elsewhere | undefined;

/** A system call that a thread of Node's pool makes: -1 if it fails. */
function callElsewhere(...words: readonly number[]): Promise<number> {
  elsewhere ??= native().libc.func('int64_t syscall(int64_t, int64_t, int64_t, int64_t)').async as Elsewhere;
  return new Promise((resolve) => elsewhere?.(...words, (error, result) => resolve(error ? -1 : result)));
}
