/** What a thread's system calls are held to. seccomp(2), linux/seccomp.h. */
export const seccompMode = { disabled: 0, strict: 1, filter: 2 } as const;

/** Operations of seccomp(2). */
export const seccompOperation = { setStrict: 0, setFilter: 1 } as const;

/** Flags of SECCOMP_SET_MODE_FILTER. */
export const seccompFlag = { tsync: 1, log: 2, allowSpeculation: 4 } as const;

/** Bytes of an instruction, and the most that a program has (BPF_MAXINSNS). linux/filter.h, linux/bpf_common.h. */
export const filterProgram = { instruction: 8, most: 4096 } as const;

/** An instruction that returns a constant (BPF_RET | BPF_K), and the answer that asks another process. linux/seccomp.h. */
export const filterReturn = { constant: 0x06, action: 0xffff_0000, askListener: 0x7fc0_0000 } as const;
