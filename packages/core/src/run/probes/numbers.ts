// Numbers of the kernel that only the check uses.

/** PAGEMAP_SCAN and the size of its argument. Documentation/admin-guide/mm/pagemap.rst of the kernel. */
export const pagemapScan = { request: 0xc060_6610, argumentSize: 96 } as const;

/** prctl(2): PR_SET_MM and its PR_SET_MM_MAP_SIZE, PR_SET_MM(2const). */
export const prSetMm = 35;
export const setMmMapSize = 15;

/** clone3(2): `struct clone_args` and the offsets of what is set in it. */
export const cloneArguments = { size: 88, exitSignal: 32, setTid: 64, setTidSize: 72 } as const;
