/** Protection bits of a map. mmap(2). */
export const protection = { read: 1, write: 2, execute: 4 } as const;

/** Flags of a map, as mmap(2) takes them and as a `vma_entry` records them. */
export const mapFlag = {
  shared: 0x01,
  private: 0x02,
  /** Private, and the kernel may drop its pages instead of swapping them: in place of `private`. Linux 6.11. */
  droppable: 0x08,
  fixed: 0x10,
  anonymous: 0x20,
  growsDown: 0x100,
  denyWrite: 0x800,
  executable: 0x1000,
  locked: 0x2000,
  noReserve: 0x4000,
  stack: 0x2_0000,
  /** MAP_HUGETLB. The bits that say how large the pages are lie above all flags. */
  hugePages: 0x4_0000,
  fixedNoReplace: 0x10_0000,
} as const;

/** Where the flags of huge pages say how large they are: the logarithm, behind this shift. MAP_HUGE_SHIFT of mmap(2) */
export const hugeSize = { shift: 26, mask: 0x3f } as const;

/** MADV_DONTNEED: private pages are given back, and read as zeros or as the file has them. madvise(2). */
export const dontNeed = 4;

/** MADV_HUGEPAGE and MADV_NOHUGEPAGE. madvise(2). */
export const adviseHuge = 14;
export const adviseNoHuge = 15;

/** MADV_GUARD_INSTALL: whoever touches these pages gets SIGSEGV. madvise(2), Linux 6.13. */
export const guardInstall = 102;

/** MLOCK_ONFAULT: pages are locked when they come, none is fetched. mlock2(2). */
export const lockOnFault = 1;

/** MCL_FUTURE and MCL_ONFAULT. mlockall(2). */
export const lockAll = { future: 2, onFault: 4 } as const;

/** mremap(2): may move, to exactly there. */
export const remapFlag = { mayMove: 1, fixed: 2 } as const;

/** What a `vma_entry.status` says of a map: bits of CRIU's image format (images/vma.proto, include/image.h). */
export const vmaStatus = {
  regular: 0x1,
  stack: 0x2,
  vsyscall: 0x4,
  vdso: 0x8,
  heap: 0x20,
  filePrivate: 0x40,
  fileShared: 0x80,
  anonymousShared: 0x100,
  anonymousPrivate: 0x200,
  sysvShared: 0x400,
  socket: 0x800,
  vvar: 0x1000,
  aioRing: 0x2000,
  memfd: 0x4000,
  /** A ring of io_uring: ours, CRIU has none. */
  ring: 0x400_0000,
  /** A device that a plugin took. */
  extPlugin: 0x800_0000,
} as const;

/** Page entry flags of a `pagemap_entry` (CRIU's include/pagemap.h). */
export const pageFlag = { parent: 1, lazy: 2, present: 4 } as const;

/**
 * madvise(2) advice that a map keeps, by the two letters that proc_pid_smaps(5) shows for it in VmFlags.
 * A `vma_entry.madv` is the set of these numbers as bits.
 */
export const adviceOfVmFlag: Readonly<Record<string, number>> = {
  sr: 2,
  rr: 1,
  dc: 10,
  mg: 12,
  hg: 14,
  nh: 15,
  dd: 16,
  wf: 18,
};

/** Advice numbers by name, for the words in an error. madvise(2). */
export const adviceName: Readonly<Record<number, string>> = {
  1: 'MADV_RANDOM',
  2: 'MADV_SEQUENTIAL',
  10: 'MADV_DONTFORK',
  12: 'MADV_MERGEABLE',
  14: 'MADV_HUGEPAGE',
  15: 'MADV_NOHUGEPAGE',
  16: 'MADV_DONTDUMP',
  18: 'MADV_WIPEONFORK',
};

/** The first address that no program has (47 bits). Documentation/arch/x86/x86_64/mm.rst. */
export const addressEnd = 0x7fff_ffff_f000;

/** One page, in bytes. The processors served so far all have this size. */
export const pageSize = 4096;

/** A huge page, in bytes. Documentation/admin-guide/mm/transhuge.rst. */
export const hugePageSize: number = 2 << 20;
