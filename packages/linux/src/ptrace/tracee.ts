import { arena, type Block } from '../arena.ts';
import { errno, LinuxError } from '../errors.ts';
import { setVector } from '../memory.ts';
import { type Registers, registersFrom, registersLength } from '../processor/processor.ts';
import { signalName } from '../signals.ts';
import { expectSuccess, type SyscallArgument, trySyscall } from '../syscall.ts';
import { ptraceRequest, registerSet } from './requests.ts';
import { type Stop, type Waiting, waitPatiently } from './wait.ts';

/** What a thread has registered with rseq(2): the address and length of its area and the signature of its handlers. */
export interface RseqConfiguration {
  readonly pointer: bigint;
  readonly size: number;
  readonly signature: number;
  readonly flags: number;
}

/** What a thread has set with PR_SET_SYSCALL_USER_DISPATCH(2const): calls from outside of a range raise SIGSYS. */
export interface CallDispatchConfiguration {
  readonly mode: number;
  /** The address of the byte that switches it; 0: it is always on. */
  readonly selector: bigint;
  readonly offset: bigint;
  readonly length: bigint;
}

/**
 * One thread under ptrace(2). The kernel ties tracing to the thread that attached: every method must be called on that
 * one. All but `seize`, `interrupt` and `waitStop` need the thread to be stopped and throw ESRCH when it is not.
 */
export interface Tracee {
  readonly tid: number;
  /** Attaches without stopping, PTRACE_SEIZE. */
  seize(options: number): void;
  setOptions(options: number): void;
  /** Asks for a stop: the next `waitStop` sees `ptraceEvent.STOP`, unless something else comes first. */
  interrupt(): void;
  /** Waits for the next stop. @throws LinuxError ESRCH when the thread ended instead; what `waiting` throws */
  waitStop(): { signal: number; event: number };
  /** Lets it run on and delivers `signal`, if given, PTRACE_CONT. */
  resume(signal?: number): void;
  /** Lets it run to the next entry to or exit from a system call. */
  resumeToSyscall(): void;
  /** Lets it run one instruction. */
  step(): void;
  detach(signal?: number): void;
  registers(): Registers;
  setRegisters(registers: Registers): void;
  /**
   * The extended state as ptrace shows it, not compacted, NT_X86_XSTATE. The x87 and SSE part is there even when the
   * processor left it out as untouched.
   */
  xstate(): Buffer;
  setXstate(bytes: Uint8Array): void;
  /** The blocked signals: bit 0 is signal 1. */
  signalMask(): bigint;
  setSignalMask(mask: bigint): void;
  /** Queued signals, 128 bytes of siginfo_t each: the thread's own, or those shared by the whole process. */
  pendingSignals(shared: boolean): Buffer[];
  /** Null when nothing is registered; `unknown` when the kernel (before 5.13) cannot tell. */
  rseq(): RseqConfiguration | null | 'unknown';
  /** Null when it is off, or the kernel (before 6.4) cannot tell. */
  callDispatch(): CallDispatchConfiguration | null;
  /** Writes memory word by word, also where the thread itself may not write, such as its text. */
  poke(address: number, bytes: Uint8Array): void;
  /** What came with the last event, e.g. the id of a new child, PTRACE_GETEVENTMSG. */
  eventMessage(): number;
}

/** More than any processor's extended state (11 KiB with AMX). */
const xstateCapacity = 32_768;
/** Where the header of the extended state begins: the bits of the parts that are present. */
const xstateHeader = 512;
const XSTATE_X87_SSE = 3n;
/** The x87 and SSE part up to the bytes that are left to software. */
const x87SseLength = 464;
const siginfoLength = 128;
const siginfoBatch = 32;
const PEEKSIGINFO_SHARED = 1;

/**
 * The control of thread `tid`. Nothing happens to it before `seize`.
 * @param waiting called while `waitStop` waits
 */
export function tracee(tid: number, waiting: Waiting = () => undefined): Tracee {
  if (!Number.isInteger(tid) || tid <= 0) throw new RangeError(`not the id of a thread: ${tid}`);

  type Request = keyof typeof ptraceRequest;
  const attempt = (request: Request, address: SyscallArgument = 0, data: SyscallArgument = 0): number =>
    trySyscall('ptrace', ptraceRequest[request], tid, address, data);
  const check = (result: number, request: Request): number =>
    result < 0 ? expectSuccess(result, `ptrace ${request}`, { about: `of thread ${tid}`, pid: tid }) : result;
  const ptrace = (request: Request, address?: SyscallArgument, data?: SyscallArgument): number =>
    check(attempt(request, address, data), request);

  /** Reads a register set into `target`; answers how many bytes the kernel wrote. */
  const readSet = (set: number, target: Block): number =>
    arena.scope(() => {
      const vector = arena.alloc(16);
      setVector(vector, 0, target.address, target.length);
      ptrace('GETREGSET', set, vector.address);
      return Number(vector.view.getBigUint64(8, true));
    });
  const writeSet = (set: number, bytes: Uint8Array): void =>
    arena.scope(() => {
      const source = arena.alloc(bytes.length);
      source.bytes.set(bytes);
      const vector = arena.alloc(16);
      setVector(vector, 0, source.address, source.length);
      ptrace('SETREGSET', set, vector.address);
    });

  return {
    tid,
    seize: (options) => void ptrace('SEIZE', 0, options),
    setOptions: (options) => void ptrace('SETOPTIONS', 0, options),
    interrupt: () => void ptrace('INTERRUPT'),

    waitStop() {
      const stop = waitPatiently(tid, waiting);
      if (stop.kind === 'stopped') return { signal: stop.signal, event: stop.event };
      throw new LinuxError('wait4', errno.ESRCH, { about: `for thread ${tid}`, reason: ending(stop), pid: tid });
    },

    resume: (signal = 0) => void ptrace('CONT', 0, signal),
    resumeToSyscall: () => void ptrace('SYSCALL'),
    step: () => void ptrace('SINGLESTEP'),
    detach: (signal = 0) => void ptrace('DETACH', 0, signal),

    registers: () =>
      arena.scope(() => {
        const block = arena.alloc(registersLength);
        const length = readSet(registerSet.PRSTATUS, block);
        if (length === registersLength) return registersFrom(block.bytes);
        throw new LinuxError('ptrace GETREGSET', errno.EOPNOTSUPP, {
          about: `of thread ${tid}`,
          reason: `it has ${length} bytes of registers, not ${registersLength}: a 32-bit program`,
          pid: tid,
        });
      }),
    setRegisters: (registers) => writeSet(registerSet.PRSTATUS, registers.bytes),

    xstate: () =>
      arena.scope(() => {
        const block = arena.alloc(xstateCapacity);
        const length = readSet(registerSet.X86_XSTATE, block);
        const bytes = Buffer.from(block.bytes.subarray(0, length));
        if ((bytes.readBigUInt64LE(xstateHeader) & XSTATE_X87_SSE) === XSTATE_X87_SSE) return bytes;
        readSet(registerSet.PRFPREG, block);
        block.bytes.copy(bytes, 0, 0, x87SseLength);
        return bytes;
      }),
    setXstate: (bytes) => writeSet(registerSet.X86_XSTATE, bytes),

    signalMask: () =>
      arena.scope(() => {
        const block = arena.alloc(8);
        ptrace('GETSIGMASK', 8, block.address);
        return block.view.getBigUint64(0, true);
      }),
    setSignalMask: (mask) =>
      arena.scope(() => {
        const block = arena.alloc(8);
        block.view.setBigUint64(0, mask, true);
        ptrace('SETSIGMASK', 8, block.address);
      }),

    pendingSignals: (shared) =>
      arena.scope(() => {
        const found: Buffer[] = [];
        const request = arena.alloc(16);
        const infos = arena.alloc(siginfoLength * siginfoBatch);
        request.view.setUint32(8, shared ? PEEKSIGINFO_SHARED : 0, true);
        request.view.setInt32(12, siginfoBatch, true);
        for (;;) {
          request.view.setBigUint64(0, BigInt(found.length), true);
          const count = ptrace('PEEKSIGINFO', request.address, infos.address);
          for (let i = 0; i < count; i++) {
            found.push(Buffer.from(infos.bytes.subarray(i * siginfoLength, (i + 1) * siginfoLength)));
          }
          if (count < siginfoBatch) return found;
        }
      }),

    rseq: () =>
      arena.scope(() => {
        const block = arena.alloc(24);
        const result = attempt('GET_RSEQ_CONFIGURATION', block.length, block.address);
        if (result === -errno.EIO || result === -errno.EINVAL) return 'unknown';
        check(result, 'GET_RSEQ_CONFIGURATION');
        const pointer = block.view.getBigUint64(0, true);
        if (pointer === 0n) return null;
        return {
          pointer,
          size: block.view.getUint32(8, true),
          signature: block.view.getUint32(12, true),
          flags: block.view.getUint32(16, true),
        };
      }),

    callDispatch: () =>
      arena.scope(() => {
        const block = arena.alloc(32);
        const result = attempt('GET_SYSCALL_USER_DISPATCH_CONFIG', block.length, block.address);
        if (result === -errno.EIO || result === -errno.EINVAL) return null;
        check(result, 'GET_SYSCALL_USER_DISPATCH_CONFIG');
        const mode = Number(block.view.getBigUint64(0, true));
        if (mode === 0) return null;
        return {
          mode,
          selector: block.view.getBigUint64(8, true),
          offset: block.view.getBigUint64(16, true),
          length: block.view.getBigUint64(24, true),
        };
      }),

    poke(address, bytes) {
      arena.scope(() => {
        const word = arena.alloc(8);
        for (let done = 0; done < bytes.length; done += 8) {
          const part = bytes.subarray(done, done + 8);
          // a last word that is not full keeps what lies behind it
          if (part.length < 8) ptrace('PEEKDATA', address + done, word.address);
          word.bytes.set(part);
          ptrace('POKEDATA', address + done, word.view.getBigUint64(0, true));
        }
      });
    },

    eventMessage: () =>
      arena.scope(() => {
        const block = arena.alloc(8);
        ptrace('GETEVENTMSG', 0, block.address);
        return Number(block.view.getBigUint64(0, true));
      }),
  };
}

function ending(stop: Exclude<Stop, { kind: 'stopped' }>): string {
  return stop.kind === 'exited' ? `it exited with code ${stop.code}` : `it was ended by ${signalName(stop.signal)}`;
}
