/** What joins groups and tells of them: RFC 3678, linux/in.h. Both levels have the same numbers. */
export const multicastOption = { JOIN_GROUP: 42, MSFILTER: 48 } as const;

/** SOL_IP and SOL_IPV6, by the length of a group's address. */
export const multicastLevels: Readonly<Record<number, number>> = { 4: 0, 16: 41 };

/** `struct group_req`: the index of a device, then a `struct sockaddr_storage`. */
export const groupRequest = { device: 0, group: 8, size: 136 } as const;

/** `struct group_filter`, with its sources behind it. */
export const groupFilter = { device: 0, group: 8, mode: 136, count: 140, sources: 144 } as const;

/** `struct sockaddr_storage`. */
export const storageSize = 128;

/** MCAST_EXCLUDE and MCAST_INCLUDE. */
export const filterModes = ['exclude', 'include'] as const;

/** Sources of one group that are read: igmp_max_msf and mld_max_msf of ip(7) allow fewer as a rule. */
export const mostSources = 64;
