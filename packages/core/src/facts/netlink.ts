/** AF_NETLINK of address_families(7), SOL_NETLINK of linux/socket.h, and where `struct sockaddr_nl` has what: netlink(7). */
export const netlinkFamily = 16;
export const netlinkLevel = 270;
export const netlinkAddress = { port: 4, groups: 8, size: 12 } as const;

/** Options of netlink(7), without `NETLINK_`. */
export const netlinkOption = { ADD_MEMBERSHIP: 1, LIST_MEMBERSHIPS: 9 } as const;

/** Those that are on or off. */
export const netlinkSwitch = {
  PKTINFO: 3,
  BROADCAST_ERROR: 4,
  NO_ENOBUFS: 5,
  LISTEN_ALL_NSID: 8,
  CAP_ACK: 10,
  EXT_ACK: 11,
  GET_STRICT_CHK: 12,
} as const;

/** Protocols for which the kernel keeps nothing of a socket but what it tells: linux/netlink.h. Of others it keeps bindings and queues. */
export const netlinkProtocols = { ROUTE: 0, USERSOCK: 2, SOCK_DIAG: 4, KOBJECT_UEVENT: 15, GENERIC: 16 } as const;
