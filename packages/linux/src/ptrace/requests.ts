/** Requests of ptrace(2), numbers of linux/ptrace.h, names without `PTRACE_`. */
export const ptraceRequest = {
  PEEKDATA: 2,
  POKEDATA: 5,
  CONT: 7,
  SINGLESTEP: 9,
  DETACH: 17,
  SYSCALL: 24,
  SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201,
  GETSIGINFO: 0x4202,
  GETREGSET: 0x4204,
  SETREGSET: 0x4205,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  LISTEN: 0x4208,
  PEEKSIGINFO: 0x4209,
  GETSIGMASK: 0x420a,
  SETSIGMASK: 0x420b,
  SECCOMP_GET_FILTER: 0x420c,
  SECCOMP_GET_METADATA: 0x420d,
  GET_RSEQ_CONFIGURATION: 0x420f,
  GET_SYSCALL_USER_DISPATCH_CONFIG: 0x4211,
} as const;

/** Options of PTRACE_SEIZE and PTRACE_SETOPTIONS, to be joined with `|`; names without `PTRACE_O_`. */
export const ptraceOption = {
  TRACESYSGOOD: 0x1,
  TRACEFORK: 0x2,
  TRACEVFORK: 0x4,
  TRACECLONE: 0x8,
  TRACEEXEC: 0x10,
  TRACEVFORKDONE: 0x20,
  TRACEEXIT: 0x40,
  TRACESECCOMP: 0x80,
  EXITKILL: 0x100000,
  SUSPEND_SECCOMP: 0x200000,
} as const;

/** The `event` of a stop; names without `PTRACE_EVENT_`. */
export const ptraceEvent = {
  FORK: 1,
  VFORK: 2,
  CLONE: 3,
  EXEC: 4,
  VFORK_DONE: 5,
  EXIT: 6,
  SECCOMP: 7,
  STOP: 128,
} as const;

/** Register sets of PTRACE_GETREGSET (linux/elf.h). */
export const registerSet = { PRSTATUS: 1, PRFPREG: 2, X86_XSTATE: 0x202 } as const;

/** The signal of a system call stop under TRACESYSGOOD: SIGTRAP with bit 7 set. */
export const syscallStopSignal = 0x85;
