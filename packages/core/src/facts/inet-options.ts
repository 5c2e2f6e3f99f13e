/** An option that getsockopt(2) and setsockopt(2) have alike. */
export interface InetOption {
  readonly level: number;
  readonly option: number;
  /** Bytes that it has at most; it is read with room for as many. */
  readonly length: number;
  /** It counts when the socket gets its device and its address. */
  readonly isEarly?: boolean;
  /** It has a length of its own. */
  readonly varies?: boolean;
  /** It is the index of a device, in this order of bytes. */
  readonly device?: 'machine' | 'network';
}

// Every option of an internet socket that can be read and set again. A socket that does not have one says so.
//
// Not here: buffer sizes, timeouts and filters (`socket-options.ts`), SO_REUSEADDR and SO_REUSEPORT (`ports.ts`), SO_BINDTODEVICE, and what the
// kernel sets by itself as it goes: SO_INCOMING_CPU, TCP_QUICKACK, TCP_TIMESTAMP.

/** SOL_IP: ip(7), raw(7), linux/in.h. */
const ipOptions = {
  IP_FREEBIND: 15,
  IP_TRANSPARENT: 19,
  IP_BIND_ADDRESS_NO_PORT: 24,
  IP_LOCAL_PORT_RANGE: 51,
  IP_TOS: 1,
  IP_TTL: 2,
  IP_HDRINCL: 3,
  IP_OPTIONS: 4,
  IP_RECVOPTS: 6,
  IP_RETOPTS: 7,
  IP_PKTINFO: 8,
  IP_MTU_DISCOVER: 10,
  IP_RECVERR: 11,
  IP_RECVTTL: 12,
  IP_RECVTOS: 13,
  IP_PASSSEC: 18,
  IP_RECVORIGDSTADDR: 20,
  IP_MINTTL: 21,
  IP_NODEFRAG: 22,
  IP_CHECKSUM: 23,
  IP_RECVFRAGSIZE: 25,
  IP_RECVERR_RFC4884: 26,
  IP_MULTICAST_IF: 32,
  IP_MULTICAST_TTL: 33,
  IP_MULTICAST_LOOP: 34,
  IP_MULTICAST_ALL: 49,
  IP_UNICAST_IF: 50,
} as const;

/** SOL_IPV6: ipv6(7), linux/in6.h, linux/ipv6.h. */
const ipv6Options = {
  IPV6_V6ONLY: 26,
  IPV6_FREEBIND: 78,
  IPV6_TRANSPARENT: 75,
  IPV6_2292PKTINFO: 2,
  IPV6_2292HOPOPTS: 3,
  IPV6_2292DSTOPTS: 4,
  IPV6_2292RTHDR: 5,
  IPV6_CHECKSUM: 7,
  IPV6_2292HOPLIMIT: 8,
  IPV6_FLOWINFO: 11,
  IPV6_UNICAST_HOPS: 16,
  IPV6_MULTICAST_IF: 17,
  IPV6_MULTICAST_HOPS: 18,
  IPV6_MULTICAST_LOOP: 19,
  IPV6_MTU_DISCOVER: 23,
  IPV6_RECVERR: 25,
  IPV6_MULTICAST_ALL: 29,
  IPV6_ROUTER_ALERT_ISOLATE: 30,
  IPV6_RECVERR_RFC4884: 31,
  IPV6_FLOWINFO_SEND: 33,
  IPV6_HDRINCL: 36,
  IPV6_RECVPKTINFO: 49,
  IPV6_RECVHOPLIMIT: 51,
  IPV6_RECVHOPOPTS: 53,
  IPV6_HOPOPTS: 54,
  IPV6_RTHDRDSTOPTS: 55,
  IPV6_RECVRTHDR: 56,
  IPV6_RTHDR: 57,
  IPV6_RECVDSTOPTS: 58,
  IPV6_DSTOPTS: 59,
  IPV6_RECVPATHMTU: 60,
  IPV6_DONTFRAG: 62,
  IPV6_RECVTCLASS: 66,
  IPV6_TCLASS: 67,
  IPV6_AUTOFLOWLABEL: 70,
  IPV6_ADDR_PREFERENCES: 72,
  IPV6_MINHOPCOUNT: 73,
  IPV6_RECVORIGDSTADDR: 74,
  IPV6_UNICAST_IF: 76,
  IPV6_RECVFRAGSIZE: 77,
} as const;

/** SOL_SOCKET: socket(7), asm-generic/socket.h. */
const socketOptions = {
  SO_DEBUG: 1,
  SO_DONTROUTE: 5,
  SO_BROADCAST: 6,
  SO_KEEPALIVE: 9,
  SO_OOBINLINE: 10,
  SO_NO_CHECK: 11,
  SO_PRIORITY: 12,
  SO_LINGER: 13,
  SO_RCVLOWAT: 18,
  SO_TIMESTAMP: 29,
  SO_TIMESTAMPNS: 35,
  SO_TIMESTAMP_NEW: 63,
  SO_TIMESTAMPNS_NEW: 64,
  SO_MARK: 36,
  SO_TIMESTAMPING: 37,
  SO_TIMESTAMPING_NEW: 65,
  SO_RXQ_OVFL: 40,
  SO_WIFI_STATUS: 41,
  SO_PEEK_OFF: 42,
  SO_NOFCS: 43,
  SO_SELECT_ERR_QUEUE: 45,
  SO_BUSY_POLL: 46,
  SO_MAX_PACING_RATE: 47,
  SO_ZEROCOPY: 60,
  SO_TXTIME: 61,
  SO_PREFER_BUSY_POLL: 69,
  SO_BUSY_POLL_BUDGET: 70,
  SO_RESERVE_MEM: 73,
  SO_TXREHASH: 74,
  SO_RCVMARK: 75,
  SO_RCVPRIORITY: 82,
} as const;

/** SOL_TCP: tcp(7), linux/tcp.h. */
const tcpOptions = {
  TCP_NODELAY: 1,
  TCP_MAXSEG: 2,
  TCP_CORK: 3,
  TCP_KEEPIDLE: 4,
  TCP_KEEPINTVL: 5,
  TCP_KEEPCNT: 6,
  TCP_SYNCNT: 7,
  TCP_LINGER2: 8,
  TCP_DEFER_ACCEPT: 9,
  TCP_WINDOW_CLAMP: 10,
  TCP_CONGESTION: 13,
  TCP_THIN_LINEAR_TIMEOUTS: 16,
  TCP_USER_TIMEOUT: 18,
  TCP_FASTOPEN: 23,
  TCP_NOTSENT_LOWAT: 25,
  TCP_SAVE_SYN: 27,
  TCP_FASTOPEN_CONNECT: 30,
  TCP_FASTOPEN_KEY: 33,
  TCP_FASTOPEN_NO_COOKIE: 34,
  TCP_INQ: 36,
  TCP_TX_DELAY: 37,
  TCP_RTO_MAX_MS: 44,
  TCP_RTO_MIN_US: 45,
  TCP_DELACK_MAX_US: 46,
} as const;

/** SOL_UDP: udp(7), linux/udp.h. */
const udpOptions = {
  UDP_CORK: 1,
  UDP_ENCAP: 100,
  UDP_NO_CHECK6_TX: 101,
  UDP_NO_CHECK6_RX: 102,
  UDP_SEGMENT: 103,
  UDP_GRO: 104,
} as const;

/** SOL_UDPLITE: udplite(7). */
const udpliteOptions = {
  UDPLITE_SEND_CSCOV: 10,
  UDPLITE_RECV_CSCOV: 11,
} as const;

/** SOL_ICMPV6: linux/icmpv6.h. */
const icmpv6Options = {
  ICMPV6_FILTER: 1,
} as const;

/** SOL_RAW: raw(7). */
const rawOptions = {
  ICMP_FILTER: 1,
} as const;

/** Behind all others: nothing changes a filter from then on. */
const lastOptions = { SO_LOCK_FILTER: 44 } as const;

/** An option by its name. */
export type InetOptionName =
  | keyof typeof ipOptions
  | keyof typeof ipv6Options
  | keyof typeof socketOptions
  | keyof typeof tcpOptions
  | keyof typeof udpOptions
  | keyof typeof udpliteOptions
  | keyof typeof icmpv6Options
  | keyof typeof rawOptions
  | keyof typeof lastOptions;

/** Levels of getsockopt(2), in the order in which their options are set: IP_TOS sets SO_PRIORITY too. */
const levels: readonly (readonly [level: number, options: { readonly [N in InetOptionName]?: number }])[] = [
  [0, ipOptions],
  [41, ipv6Options],
  [1, socketOptions],
  [6, tcpOptions],
  [17, udpOptions],
  [136, udpliteOptions],
  [58, icmpv6Options],
  [255, rawOptions],
  [1, lastOptions],
];

/** What most do not have. */
const traits: { readonly [N in InetOptionName]?: Partial<Omit<InetOption, 'level' | 'option'>> } = {
  // Devices other than the one that it is bound to: before that.
  IP_MULTICAST_IF: { isEarly: true },
  IPV6_V6ONLY: { isEarly: true },
  IP_FREEBIND: { isEarly: true },
  IPV6_FREEBIND: { isEarly: true },
  IP_TRANSPARENT: { isEarly: true },
  IPV6_TRANSPARENT: { isEarly: true },
  IP_BIND_ADDRESS_NO_PORT: { isEarly: true },
  IP_LOCAL_PORT_RANGE: { isEarly: true },
  IP_OPTIONS: { length: 40, varies: true },
  IP_UNICAST_IF: { isEarly: true, device: 'network' },
  IPV6_MULTICAST_IF: { isEarly: true, device: 'machine' },
  IPV6_HOPOPTS: { length: 2048, varies: true },
  IPV6_RTHDRDSTOPTS: { length: 2048, varies: true },
  IPV6_RTHDR: { length: 2048, varies: true },
  IPV6_DSTOPTS: { length: 2048, varies: true },
  IPV6_UNICAST_IF: { isEarly: true, device: 'network' },
  SO_LINGER: { length: 8 },
  SO_TIMESTAMPING: { length: 8 },
  SO_TIMESTAMPING_NEW: { length: 8 },
  SO_MAX_PACING_RATE: { length: 8 },
  SO_TXTIME: { length: 8 },
  TCP_CONGESTION: { length: 16, varies: true },
  TCP_FASTOPEN_KEY: { length: 32, varies: true },
  ICMPV6_FILTER: { length: 32 },
};

/** Most are a number of this machine. */
const numberLength = 4;

/** In the order in which they are set. */
export const inetOptionNames: readonly InetOptionName[] = levels.flatMap(
  ([, options]) => Object.keys(options) as InetOptionName[],
);

export const inetOptions: Readonly<Record<InetOptionName, InetOption>> = Object.fromEntries(
  levels.flatMap(([level, options]) =>
    Object.entries(options).map(([name, option]) => [
      name,
      { level, option, length: numberLength, ...traits[name as InetOptionName] },
    ]),
  ),
) as Record<InetOptionName, InetOption>;
