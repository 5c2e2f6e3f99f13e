/** AF_INET and AF_INET6 of address_families(7), with the length of their addresses and of `struct sockaddr_in`, `sockaddr_in6`. ip(7), ipv6(7) */
export const inetFamilies = {
  2: { bytes: 4, words: 1, sockaddr: 16, at: 4 },
  10: { bytes: 16, words: 4, sockaddr: 28, at: 8 },
} as const;

/** SOCK_* of socket(2). */
export const inetType = { stream: 1, datagram: 2, raw: 3 } as const;

/** IPPROTO_* of protocols(5) that have sockets of their own. */
export const inetProtocol = { TCP: 6, UDP: 17, UDPLITE: 136 } as const;

/** Raw sockets that take whole packets: IPPROTO_RAW of raw(7). */
export const allRaw = 255;

/** TCP_* of the kernel's net/tcp_states.h; what other protocols have is connected or closed. */
export const tcpState = { connected: 1, closed: 7, listening: 10 } as const;

/** Where `struct tcp_info` of linux/tcp.h has its state, and in that of a listening socket how many wait and how many may. */
export const tcpInfo = { level: 6, option: 11, length: 104, state: 0, waiting: 24, backlog: 28 } as const;

/** SIOCOUTQ of tcp(7) and udp(7): bytes that were sent and have not left yet. */
export const unsentBytes = 0x5411;

/** SIOCGIFNAME and SIOCGIFINDEX of netdevice(7), and where `struct ifreq` has what. */
export const deviceCall = { name: 0x8910, index: 0x8933, nameLength: 16, indexAt: 16, size: 40 } as const;

/** Ports below this one are for the privileged: ip_unprivileged_port_start of ip(7). */
export const portStart = '/proc/sys/net/ipv4/ip_unprivileged_port_start';

/** SO_NETNS_COOKIE of socket(7), since Linux 5.14. */
export const namespaceCookie = { option: 71, length: 8 } as const;
