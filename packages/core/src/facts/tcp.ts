/** SOL_TCP, and options that repair a connection: linux/tcp.h. Repair needs CAP_NET_ADMIN over the network namespace. */
export const tcpLevel = 6;
export const tcpOption = {
  maximumSegment: 2,
  info: 11,
  repair: 19,
  repairQueue: 20,
  queueSequence: 21,
  repairOptions: 22,
  timestamp: 24,
  repairWindow: 29,
  ULP: 31,
  AO_INFO: 40,
} as const;

/** TCP_REPAIR_*: the last one goes on without a probe of the peer's window. */
export const tcpRepair = { on: 1, off: 0, offSilently: -1 } as const;

/** TCP_NO_QUEUE, TCP_RECV_QUEUE, TCP_SEND_QUEUE. */
export const repairQueue = { none: 0, receive: 1, send: 2 } as const;

/** States: the kernel's net/tcp_states.h. */
export const tcpStates = {
  ESTABLISHED: 1,
  SYN_SENT: 2,
  SYN_RECV: 3,
  FIN_WAIT1: 4,
  FIN_WAIT2: 5,
  TIME_WAIT: 6,
  CLOSE: 7,
  CLOSE_WAIT: 8,
  LAST_ACK: 9,
  LISTEN: 10,
  CLOSING: 11,
} as const;

/** The beginning of struct tcp_info: the state, what both ends have agreed on, and the scales of both windows, 4 bits each. linux/tcp.h */
export const tcpInfoHead = { state: 0, options: 5, scales: 6, size: 7 } as const;

/** TCPI_OPT_*: what both ends have agreed on. linux/tcp.h */
export const agreed = { timestamps: 1, selectiveAcknowledgement: 2, windowScale: 4, microseconds: 64 } as const;

/** struct tcp_repair_opt: a code of a TCP header's option and its value. RFC 9293, 7323, 2018 */
export const repairOption = { maximumSegment: 2, windowScale: 3, selectiveAcknowledgement: 4, timestamp: 8 } as const;

/** struct tcp_repair_window of linux/tcp.h: five numbers of 4 bytes. */
export const repairWindowSize = 20;

/** RFC 7323: a window is scaled by 14 bits at most. */
export const mostWindowScale = 14;

/** SIOCINQ, SIOCOUTQ of tcp(7), and SIOCOUTQNSD of linux/sockios.h: bytes to be read, not acknowledged yet, not sent yet. */
export const queueCall = { received: 0x541b, unacknowledged: 0x5411, unsent: 0x894b } as const;

/** Packets with this mark pass CRIU's block of the network, and ours: SO_MARK of socket(7). */
export const passMark = 0xc114;

/** `struct tcp_ao_info_opt`. */
export const authenticationLength = 56;

/** A name of TCP_ULP: TCP_ULP_NAME_MAX. */
export const ulpLength = 16;

/** Where `struct tcp_info` has how much was acknowledged by the other end: nothing as long as there was no connection. */
export const acknowledged = { option: 11, at: 120, length: 128 } as const;

/** FIONREAD of tcp(7): how much waits to be read. */
export const unreadBytes = 0x541b;
