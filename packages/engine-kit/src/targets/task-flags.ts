/** Flags of /proc/PID/stat: PF_EXITING, PF_KTHREAD (include/linux/sched.h of the kernel). */
export const taskFlag = { exiting: 0x4, kernelThread: 0x0020_0000 } as const;
