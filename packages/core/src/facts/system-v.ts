/** Flags of shmget(2), semget(2) and msgget(2), and of the calls that wait. include/uapi/linux/ipc.h */
export const ipcFlag = { create: 0o1000, exclusive: 0o2000, noWait: 0o4000 } as const;

/** Commands of shmctl(2), semctl(2) and msgctl(2) that all three have. include/uapi/linux/ipc.h */
export const ipcCommand = { remove: 0, set: 1, stat: 2 } as const;

/** IPC_PRIVATE: the key of an object that no key leads to. */
export const noKey = 0;

/** The largest id that an object can have: an int that is not negative. */
export const largestIpcId = 0x7fff_ffff;

/** What may be done with an object, without the marks that the kernel keeps in its mode. */
export const permissionBits = 0o777;

/** Marks in the mode of a segment: removed once nobody has it attached, locked in memory. shmctl(2), include/linux/shm.h */
export const segmentMark = { removed: 0o1000, locked: 0o2000 } as const;

/** SHM_RDONLY of shmat(2), and the command SHM_LOCK of shmctl(2). include/uapi/linux/shm.h */
export const segmentFlag = { readOnly: 0o10000 } as const;
export const lockSegment = 11;

/** Offsets in `struct ipc64_perm`, with which shmid_ds, semid_ds and msqid_ds begin on x86-64. include/uapi/asm-generic/ipcbuf.h */
export const ipcPermissions = { uid: 4, gid: 8, mode: 20 } as const;

/** Bytes that hold each of these three. include/uapi/asm-generic/{shm,msg}buf.h, arch/x86/include/uapi/asm/sembuf.h */
export const ipcStructure = 128;

/** SEM_UNDO of semop(2), and commands of semctl(2). include/uapi/linux/sem.h */
export const undoFlag = 0x1000;
export const semaphoreCommand = { getUser: 11, getAll: 13, setAll: 17 } as const;

/** The largest value (SEMVMX); the range of what is undone (SEMAEM); operations in one call (SEMOPM, the default). include/uapi/linux/sem.h */
export const semaphoreLimit = { value: 32_767, leastUndo: -32_768, mostUndo: 32_767, operations: 500 } as const;

/** `struct sembuf`: number, operation and flags, 16 bits each. */
export const semaphoreOperation = { size: 6, number: 0, change: 2, flags: 4 } as const;

/** MSG_COPY of msgrcv(2): reads the message with a number and leaves it there. include/uapi/linux/msg.h */
export const copyMessage = 0o40000;

/** The offset of `msg_qbytes` in `struct msqid64_ds`, and the bytes of a type before a text. include/uapi/asm-generic/msgbuf.h */
export const queueBytes = 88;
export const messageType = 8;
