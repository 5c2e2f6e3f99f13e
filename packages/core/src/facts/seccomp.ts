/** What a thread's system calls are held to. seccomp(2), linux/seccomp.h. */
export const seccompMode = { disabled: 0, strict: 1, filter: 2 } as const;

/** Operations of seccomp(2). */
export const seccompOperation = { setStrict: 0, setFilter: 1 } as const;

/** Flags of SECCOMP_SET_MODE_FILTER. */
export const seccompFlag = { tsync: 1, log: 2, allowSpeculation: 4 } as const;

/** Bytes of an instruction, and the most that a program has (BPF_MAXINSNS). linux/filter.h, linux/bpf_common.h. */
export const filterProgram = { instruction: 8, most: 4096 } as const;

/**
 * An instruction that returns a constant (BPF_RET | BPF_K), and answers: one asks another process, two let the call be made.
 * linux/seccomp.h.
 */
export const filterReturn = {
  constant: 0x06,
  action: 0xffff_0000,
  askListener: 0x7fc0_0000,
  log: 0x7ffc_0000,
  allow: 0x7fff_0000,
} as const;

/** Instructions that most filters are made of, each with a constant. linux/bpf_common.h */
export const filterCode = {
  load: 0x20,
  jump: 0x05,
  jumpIfEqual: 0x15,
  jumpIfGreater: 0x25,
  jumpIfGreaterOrEqual: 0x35,
  jumpIfSet: 0x45,
  return: 0x06,
} as const;

/** What a filter may look at, `struct seccomp_data`: where the call and the processor are, and x86-64 (AUDIT_ARCH_X86_64). linux/audit.h */
export const filterData = { call: 0, processor: 4, x86_64: 0xc000_003e } as const;
