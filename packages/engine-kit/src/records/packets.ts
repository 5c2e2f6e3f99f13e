import { absent, base64, flag, integer, list, nullable, object, oneOf, type Shape, text } from './json-shape.ts';

/** What CRIU's entry of a packet socket of `files.img` has no place for. packet(7) */
export interface PacketRecord {
  readonly id: number;
  /** The name of the device that it is bound to; null: it is bound to none. Indexes of devices change. netdevice(7) */
  readonly device: string | null;
  /** The names of the devices of its memberships, in the order of the entry. */
  readonly memberships: readonly string[];
  readonly settings: readonly PacketSetting[];
  /** Whether its filter cannot be changed any more: SO_LOCK_FILTER of socket(7). */
  readonly filterLocked: boolean;
  /** Whether an error waits at it. */
  readonly hasError: boolean;
  /** Of received packets, if something was ever in it. */
  readonly ring: PacketRingRecord | null;
}

/** Options that are numbers: socket(7), packet(7) and linux/if_packet.h. */
const settingNames = [
  'SO_TIMESTAMP',
  'SO_TIMESTAMPNS',
  'SO_TIMESTAMPING',
  'SO_RXQ_OVFL',
  'SO_NOFCS',
  'SO_SELECT_ERR_QUEUE',
  'SO_BUSY_POLL',
  'SO_TIMESTAMP_NEW',
  'SO_TIMESTAMPNS_NEW',
  'SO_TIMESTAMPING_NEW',
  'PACKET_TX_HAS_OFF',
  'PACKET_QDISC_BYPASS',
  'PACKET_IGNORE_OUTGOING',
  'PACKET_VNET_HDR_SZ',
] as const;

/** An option and its value. */
export interface PacketSetting {
  readonly name: (typeof settingNames)[number];
  readonly value: number;
}

/** Where the kernel is in a ring of received packets. */
export interface PacketRingRecord {
  /** The frame, in version 3 the block, that it fills next. */
  readonly position: number;
  /** Those that the program has not given back: `at` is which, `bytes` what is in it, from its head on, in base64. */
  readonly waiting: readonly { readonly at: number; readonly bytes: string }[];
}

const u32: Shape<number> = integer(0, 0xffff_ffff);
const deviceName: Shape<string> = text(15);

export const recordedPackets: Shape<readonly PacketRecord[]> = absent(
  list(
    object({
      id: u32,
      device: nullable(deviceName),
      memberships: list(deviceName),
      settings: list(object({ name: oneOf(...settingNames), value: u32 })),
      filterLocked: flag,
      hasError: flag,
      ring: nullable(object({ position: u32, waiting: list(object({ at: u32, bytes: base64 })) })),
    }),
  ),
  [],
);
