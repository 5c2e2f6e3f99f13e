/** Flags of memfd_create(2). The size of huge pages is a power of two in the bits from `hugeShift` on. */
export const memfdFlag = { allowSealing: 2, hugePages: 4, executable: 0x10, hugeShift: 26 } as const;

/** F_ADD_SEALS and F_GET_SEALS. fcntl(2). */
export const sealCommand = { add: 1033, get: 1034 } as const;

/** F_SEAL_SEAL: no other seal can be added. A memfd begins with it unless it was made with MFD_ALLOW_SEALING. memfd_create(2). */
export const noMoreSeals = 1;

/** All seals up to F_SEAL_EXEC of Linux 6.3. linux/fcntl.h. */
export const allSeals = 0x3f;

/** Types of file systems in which a memfd can be. statfs(2). */
export const memoryFileSystem = { shared: 0x0102_1994, huge: 0x9584_58f6 } as const;
