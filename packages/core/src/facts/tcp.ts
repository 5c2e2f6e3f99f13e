/** Options of tcp(7) that only tell whether something is there that nobody can read, or that is not kept: linux/tcp.h. */
export const tcpLevel = 6;
export const tcpOption = { ULP: 31, AO_INFO: 40 } as const;

/** `struct tcp_ao_info_opt`. */
export const authenticationLength = 56;

/** A name of TCP_ULP: TCP_ULP_NAME_MAX. */
export const ulpLength = 16;

/** Where `struct tcp_info` has how much was acknowledged by the other end: nothing as long as there was no connection. */
export const acknowledged = { option: 11, at: 120, length: 128 } as const;

/** FIONREAD of tcp(7): how much waits to be read. */
export const unreadBytes = 0x541b;
