import { LinuxError, type LinuxErrorDetails } from './errors.ts';
import { native } from './native.ts';
import { type SyscallName, syscallNumbers } from './processor/processor.ts';

/** An argument: a number, an address, or a bigint where 53 bits are not enough. */
export type SyscallArgument = number | bigint;

type Word = number | bigint;

/** syscall(3) and errno(3) of the C library. */
interface Kernel {
  readonly call: (nr: number, a: Word, b: Word, c: Word, d: Word, e: Word, f: Word) => Word;
  readonly lastError: () => number;
}

let kernel: Kernel | undefined;

type Observer = (name: SyscallName, args: readonly SyscallArgument[], result: number) => void;
let observer: Observer | undefined;

/** Has each system call of this thread told from now on, once it is over. */
export function observeSyscalls(told: Observer): void {
  observer = told;
}

/**
 * Makes a system call, syscall(2). Answers its result, or the negated error number.
 * Results beyond 2^53 lose precision: no call that this project makes has them, addresses included.
 */
export function trySyscall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  kernel ??= bind();
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  const result = kernel.call(syscallNumbers[name], word(a), word(b), word(c), word(d), word(e), word(f));
  const answer = result === -1 ? -kernel.lastError() : Number(result);
  observer?.(name, args, answer);
  return answer;
}

/** Makes a system call and throws what the kernel refuses. */
export function syscall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  return expectSuccess(trySyscall(name, ...args), name);
}

/** Passes a result on, or throws the error number in it; `details` make the message say what the call was about. */
export function expectSuccess(result: number, call: string, details?: LinuxErrorDetails): number {
  if (result >= 0 || result < -4095) return result;
  throw new LinuxError(call, -result, details);
}

/** koffi takes any number and turns 1.5 or 2^70 into a neighbour without a word, so nothing else gets past here. */
function word(value: SyscallArgument): Word {
  if (typeof value === 'bigint') {
    if (value >= -(2n ** 63n) && value < 2n ** 64n) return BigInt.asIntN(64, value);
  } else if (Number.isSafeInteger(value)) {
    return value;
  }
  throw new RangeError(`a system call takes 64-bit integers, got ${String(value)} (${typeof value})`);
}

function bind(): Kernel {
  const { koffi, libc } = native();
  const call = libc.func('int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)');
  return { call: call as unknown as Kernel['call'], lastError: () => koffi.errno() };
}
