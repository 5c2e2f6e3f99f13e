import { closeFd, memfd } from './descriptors/own.ts';
import { native } from './native.ts';
import type { Machine } from './processor/processor.ts';
import { syscall } from './syscall.ts';

const PROT_READ = 1;
const PROT_EXEC = 4;
const MAP_PRIVATE = 2;

/** Bytes of a page of memory. */
export const pageLength = 4096;

/** Maps a page that can be run but not written, filled through a file: many a policy forbids pages that are both. */
export function executablePage(name: string, code: Uint8Array): number {
  const fd = memfd(name, code);
  try {
    return syscall('mmap', 0, pageLength, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  } finally {
    closeFd(fd);
  }
}

/**
 * Machine code that is called as a function of C, with whole numbers. It is mapped at the first call, and stays.
 * @param parameters how many it has
 */
export function machineFunction(
  name: string,
  { code, labels }: Machine,
  label: string,
  parameters: number,
): (...args: readonly number[]) => number {
  let made: { readonly address: bigint; readonly type: unknown } | undefined;
  return (...args) => {
    const { koffi } = native();
    made ??= {
      address: BigInt(executablePage(name, code) + (labels[label] ?? 0)),
      type: koffi.proto(
        'int64_t',
        Array.from({ length: parameters }, () => 'int64_t'),
      ),
    };
    return Number(koffi.call(made.address, made.type as never, ...args));
  };
}
