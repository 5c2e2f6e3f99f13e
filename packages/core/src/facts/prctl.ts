/** Operations of prctl(2), by number. */
export const prctl = {
  setParentDeathSignal: 1,
  getParentDeathSignal: 2,
  getDumpable: 3,
  setDumpable: 4,
  setKeepCapabilities: 8,
  setName: 15,
  dropCapability: 24,
  getTimestamps: 25,
  setTimestamps: 26,
  getSecurebits: 27,
  setSecurebits: 28,
  setTimerSlack: 29,
  getTimerSlack: 30,
  setMachineCheckKill: 33,
  getMachineCheckKill: 34,
  setMm: 35,
  setChildSubreaper: 36,
  getChildSubreaper: 37,
  setNoNewPrivileges: 38,
  getTidAddress: 40,
  setThpDisable: 41,
  getThpDisable: 42,
  ambientCapabilities: 47,
  getSpeculation: 52,
  setSpeculation: 53,
  setIoFlusher: 57,
  getIoFlusher: 58,
  setCallDispatch: 59,
  coreScheduling: 62,
  setMemoryDenied: 65,
  getMemoryDenied: 66,
  setMemoryMerge: 67,
  getMemoryMerge: 68,
  /** PR_SET_VMA; its only operation, PR_SET_VMA_ANON_NAME, is 0. PR_SET_VMA(2const). */
  setVma: 0x53_56_4d_41,
} as const;

/** PR_SET_MM_MAP: all fields of the memory descriptor at once. PR_SET_MM(2const). */
export const setMmMap = 14;

/** Most words of the auxiliary vector that a kernel takes. */
export const mostAuxv = 64;

/** PR_CAP_AMBIENT operations. prctl(2). */
export const ambient = { raise: 2, clearAll: 4 } as const;

/** Securebits that keep capabilities over a change of user ids. capabilities(7). */
export const securebit = { noSetuidFixup: 4 } as const;

/** membarrier(2) commands. */
export const membarrier = { private: 0x8, registerPrivate: 0x10, getRegistrations: 0x200 } as const;
