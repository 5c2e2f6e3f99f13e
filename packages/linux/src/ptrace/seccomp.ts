import { arena } from '../arena.ts';
import { errno } from '../errors.ts';
import { expectSuccess, trySyscall } from '../syscall.ts';
import { ptraceRequest } from './requests.ts';

/** A filter of system calls that a thread has set. */
export interface SeccompFilterProgram {
  /** Its instructions, `struct sock_filter` of 8 bytes each. */
  readonly program: Buffer;
  /** The flags that the kernel keeps: SECCOMP_FILTER_FLAG_LOG. seccomp(2) */
  readonly flags: number;
}

/** `struct sock_filter`. */
const instructionLength = 8;
/** `struct seccomp_metadata`: the number of the filter, and its flags. */
const metadata = { length: 16, flags: 8 } as const;

/**
 * The filters of a stopped thread under our trace, the oldest first: PTRACE_SECCOMP_GET_FILTER and PTRACE_SECCOMP_GET_METADATA.
 * @throws LinuxError EACCES without CAP_SYS_ADMIN or where this thread has filters itself, EMEDIUMTYPE where the kernel has no program
 */
export function readSeccompFilters(tid: number): SeccompFilterProgram[] {
  const found: SeccompFilterProgram[] = [];
  for (;;) {
    const next = readFilter(tid, found.length);
    if (next === null) return found;
    found.push(next);
  }
}

/** null: it has fewer. */
function readFilter(tid: number, number: number): SeccompFilterProgram | null {
  const details = { about: `of thread ${tid}`, pid: tid };
  return arena.scope(() => {
    const count = trySyscall('ptrace', ptraceRequest.SECCOMP_GET_FILTER, tid, number, 0);
    if (count === -errno.ENOENT) return null;
    expectSuccess(count, 'ptrace SECCOMP_GET_FILTER', details);
    const program = arena.alloc(count * instructionLength);
    expectSuccess(
      trySyscall('ptrace', ptraceRequest.SECCOMP_GET_FILTER, tid, number, program.address),
      'ptrace SECCOMP_GET_FILTER',
      details,
    );
    const meta = arena.alloc(metadata.length);
    meta.view.setBigUint64(0, BigInt(number), true);
    const told = trySyscall('ptrace', ptraceRequest.SECCOMP_GET_METADATA, tid, metadata.length, meta.address);
    // Kernels before 4.16 do not know the request.
    if (told !== -errno.EIO) expectSuccess(told, 'ptrace SECCOMP_GET_METADATA', details);
    return { program: Buffer.from(program.bytes), flags: Number(meta.view.getBigUint64(metadata.flags, true)) };
  });
}
