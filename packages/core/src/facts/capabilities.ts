/** Numbers of capabilities(7) that a dump or a restore makes use of. */
export const capability = {
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  CHECKPOINT_RESTORE: 40,
} as const;

/** Words of 32 bits in a set of capabilities. */
export const capabilityWords = 2;

/** What capget(2) and capset(2) take: for each word, first of the set in force, then of the permitted and the inheritable one. */
export const capabilityData = { wordSize: 12, size: 24 } as const;

/** Version 3 of the interface, for the calling thread. capset(2). */
export function capabilityHeader(): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x2008_0522, 0);
  return header;
}

/** Takes one out of the set in force, in what capget(2) has given. */
export function dropCapability(data: DataView, number: number): void {
  const at = (number >> 5) * capabilityData.wordSize;
  data.setUint32(at, data.getUint32(at, true) & ~(1 << (number & 31)), true);
}
