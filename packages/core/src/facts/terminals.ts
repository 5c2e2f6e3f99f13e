/** Requests of ioctl(2) for terminals, on x86-64. ioctl_tty(2), asm-generic/ioctls.h */
export const terminalCalls = {
  setModes: 0x5402,
  getModes2: 0x802c_542a,
  setModes2: 0x402c_542b,
  getLockedModes: 0x5456,
  setLockedModes: 0x5457,
  getSize: 0x5413,
  setSize: 0x5414,
  getDevice: 0x8004_5432,
  getSession: 0x5429,
  becomeControlling: 0x540e,
  getForeground: 0x540f,
  setForeground: 0x5410,
  setExclusive: 0x540c,
  getExclusive: 0x8004_5440,
  bytesWaiting: 0x541b,
  setPackets: 0x5420,
  getPackets: 0x8004_5438,
  getNumber: 0x8004_5430,
  setLock: 0x4004_5431,
  getLock: 0x8004_5439,
  openSlave: 0x5441,
} as const;

/** `struct termios2`, whose head is `struct termios`: its size, and where its parts are. asm-generic/termbits.h */
export const modesStruct = {
  size: 44,
  input: 0,
  output: 4,
  control: 8,
  local: 12,
  discipline: 16,
  characters: 17,
  charactersLength: 19,
  inputSpeed: 36,
  outputSpeed: 40,
} as const;

/** `struct winsize`: four numbers of 16 bits. ioctl_tty(2), TIOCGWINSZ */
export const sizeStruct = { size: 8, rows: 0, columns: 2, width: 4, height: 6 } as const;

/** Major numbers of terminals, and minors of the auxiliary ones and of virtual terminals. Linux's devices.txt */
export const terminalMajors = { virtual: 4, auxiliary: 5, slaves: 136 } as const;
export const auxiliaryMinors = { current: 0, console: 1, ptmx: 2 } as const;
export const lastVirtual = 63;

/** Bits of modes, and places of characters in them. termios(3), asm-generic/termbits.h */
export const inputModes = { stops: 0o2000 } as const;
export const localModes = { canonical: 0o2, outside: 0o200_000 } as const;
export const readLimits = { time: 5, least: 6 } as const;
export const lineEnds = { endOfFile: 4, endOfLine: 11, endOfLine2: 16 } as const;

/** The most that waits in a terminal itself; more waits on the way there. Bytes. N_TTY_BUF_SIZE of the kernel */
export const terminalBuffer = 4096;
