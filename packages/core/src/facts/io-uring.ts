/** IORING_SETUP_*: how a ring is made. io_uring_setup(2) */
export const ringSetup = {
  /** The size of the queue of completions is given (IORING_SETUP_CQSIZE). */
  completions: 0x8,
  /** The kernel takes submissions in their order, without a list of which come next (IORING_SETUP_NO_SQARRAY). Since Linux 6.6. */
  noIndexes: 0x1_0000,
} as const;

/** What can be mapped of a ring: where it begins in its file. IORING_OFF_* of mmap(2) in io_uring_setup(2) */
export const ringPart = { queues: 0, completions: 0x800_0000, submissions: 0x1000_0000 } as const;

/** Bytes of a submission (`struct io_uring_sqe`), of a completion (`struct io_uring_cqe`) and of an index. linux/io_uring.h */
export const ringSizes = { submission: 64, completion: 16, index: 4 } as const;

/**
 * Where everything lies in the memory of the queues: programs are told when they make a ring, and keep it. `told` are the places in
 * `struct io_uring_params` where the kernel says so. It has not moved since Linux 5.4. io_uring_setup(2)
 */
export const ringLayout = {
  submissionHead: { at: 0, told: 40 },
  submissionTail: { at: 4, told: 44 },
  completionHead: { at: 8, told: 80 },
  completionTail: { at: 12, told: 84 },
  submissionMask: { at: 16, told: 48 },
  completionMask: { at: 20, told: 88 },
  submissionEntries: { at: 24, told: 52 },
  completionEntries: { at: 28, told: 92 },
  dropped: { at: 32, told: 60 },
  submissionFlags: { at: 36, told: 56 },
  overflow: { at: 44, told: 96 },
  completions: { at: 64, told: 100 },
} as const;

/** `struct io_uring_params`: its size, and places in it. io_uring_setup(2) */
export const ringParameters = { size: 120, submissions: 0, completions: 4, flags: 8, indexes: 64 } as const;

/** IORING_CQE_F_MORE in the flags of a completion, and where those are in it: more of its operation will come. linux/io_uring.h */
export const completionFlags = { at: 12, more: 0x2 } as const;

/** IORING_REGISTER_*: what io_uring_register(2) is asked to do. */
export const ringRegister = {
  eventfd: 4,
  probe: 8,
  restrictions: 11,
  enable: 12,
  cancel: 24,
  fileRange: 25,
  bufferStatus: 26,
  napi: 27,
  clock: 29,
  cloneBuffers: 30,
  resize: 33,
  memory: 34,
} as const;

/** `struct io_uring_buf_status`: its size; it begins with the group. How many groups there may be. io_uring_register(2) */
export const ringBuffers = { statusSize: 40, groups: 0x1_0000 } as const;
