/** Headers of IPv4, IPv6 and UDP: RFC 791, RFC 8200, RFC 768. Offsets are those of fields that are filled. */
export const ipv4Header = {
  size: 20,
  version: 0,
  tos: 1,
  length: 2,
  ttl: 8,
  protocol: 9,
  source: 12,
  destination: 16,
} as const;
export const ipv6Header = {
  size: 40,
  version: 0,
  length: 4,
  next: 6,
  hops: 7,
  source: 8,
  destination: 24,
} as const;
export const udpHeader = { size: 8, source: 0, destination: 2, length: 4, checksum: 6 } as const;

/** How far a packet may go if nobody says otherwise: ip_default_ttl of ip(7). */
export const usualTtl = 64;

/** What comes along with a datagram, by level and type: ip(7), ipv6(7), udp(7). Where it has the address, or the number. */
export const ancillary = {
  /** IP_PKTINFO: `struct in_pktinfo`. */
  info4: { level: 0, type: 8, at: 8, length: 4 },
  /** IPV6_PKTINFO: `struct in6_pktinfo`. */
  info6: { level: 41, type: 50, at: 0, length: 16 },
  /** IP_TTL and IPV6_HOPLIMIT. */
  ttl4: { level: 0, type: 2, at: 0, length: 4 },
  ttl6: { level: 41, type: 52, at: 0, length: 4 },
  /** IP_TOS, one byte, and IPV6_TCLASS. */
  tos4: { level: 0, type: 1, at: 0, length: 1 },
  tos6: { level: 41, type: 67, at: 0, length: 4 },
  /** UDP_GRO: several datagrams of this size were joined. */
  joined: { level: 17, type: 104, at: 0, length: 2 },
} as const;
