/** AF_PACKET of address_families(7), SOL_PACKET, and where `struct sockaddr_ll` has what: packet(7). */
export const packetFamily = 17;
export const packetLevel = 263;
export const packetAddress = { protocol: 2, device: 4, addressLength: 11, size: 20 } as const;

/** Types of packet sockets. socket(2), packet(7); SOCK_PACKET is obsolete. */
export const packetType = { datagram: 2, raw: 3, obsolete: 10 } as const;

/** Options of packet(7) and linux/if_packet.h, without `PACKET_`. */
export const packetOption = {
  ADD_MEMBERSHIP: 1,
  RX_RING: 5,
  STATISTICS: 6,
  COPY_THRESH: 7,
  AUXDATA: 8,
  ORIGDEV: 9,
  VERSION: 10,
  RESERVE: 12,
  TX_RING: 13,
  LOSS: 14,
  VNET_HDR: 15,
  TIMESTAMP: 17,
  FANOUT: 18,
} as const;

/** PACKET_MR_*: what a membership asks for. Two of them have an address, of 32 bytes at most (MAX_ADDR_LEN). */
export const membershipType = { multicast: 0, promiscuous: 1, allMulticast: 2, unicast: 3 } as const;
export const longestAddress = 32;

/** PACKET_FANOUT_*: the ways that programs decide, and where the value of the option has the way. */
export const fanoutPrograms: readonly number[] = [6, 7];
export const fanoutWay = { shift: 16, mask: 0xff } as const;

/** `pdi_index` of linux/packet_diag.h where the device is gone. */
export const noDevice = 0xffff_ffff;

/** TPACKET_V1 to TPACKET_V3. */
export const ringVersions = { blocks: 2, last: 2 } as const;

/** `struct tpacket_req`, and `struct tpacket_req3` that is longer: numbers of 4 bytes. linux/if_packet.h */
export const ringRequest = { short: 4, long: 7 } as const;

/** TP_STATUS_KERNEL and TP_STATUS_USER. */
export const frameStatus = { kernel: 0, user: 1 } as const;

/** Where a frame of a version has what, in bytes, and what a second is there: `struct tpacket_hdr`, `struct tpacket2_hdr`. */
export const frameLayouts = [
  { status: 0, captured: 12, link: 16, network: 18, seconds: 20, fraction: 24, second: 1_000_000n, size: 32 },
  { status: 0, captured: 8, link: 12, network: 14, seconds: 16, fraction: 20, second: 1_000_000_000n, size: 32 },
] as const;

/** Where a block of version 3 has what, in bytes: `struct tpacket_block_desc`. */
export const blockLayout = { status: 8, packets: 12, length: 20, sequence: 24, size: 48 } as const;

/** ETH_P_802_EX1 of linux/if_ether.h: for experiments, so that nothing else on a machine sends it. */
export const experimentalProtocol = 0x88b5;

/** SIOCGIFNAME and SIOCGIFINDEX of netdevice(7), and `struct ifreq`. */
export const deviceRequest = { name: 0x8910, index: 0x8933, nameLength: 16, number: 16, size: 40 } as const;

/** The loopback device. */
export const loopback = 'lo';
