/** Flags of clone(2). */
export const cloneFlag = {
  /** A time namespace for the children, of unshare(2) only. time_namespaces(7). */
  newTime: 0x80,
  memory: 0x100,
  filesystem: 0x200,
  files: 0x400,
  signalHandlers: 0x800,
  parent: 0x8000,
  thread: 0x10000,
  sysvSemaphores: 0x40000,
} as const;

/** What makes a task a thread of its maker, and not a process. */
export const threadFlags: number =
  cloneFlag.memory |
  cloneFlag.filesystem |
  cloneFlag.files |
  cloneFlag.signalHandlers |
  cloneFlag.thread |
  cloneFlag.sysvSemaphores;

/** Offsets in `struct clone_args` (64-bit fields). clone(2), "The clone3() system call". */
export const cloneArgs = { size: 88, flags: 0, exitSignal: 32, setTid: 64, setTidSize: 72 } as const;
