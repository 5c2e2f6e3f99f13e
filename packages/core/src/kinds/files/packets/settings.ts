import type { PacketSetting } from '@criujs/engine-kit';
import { packetLevel } from '../../../facts/packet.ts';
import { readOptionBytes, socketLevel, writeOptionBytes } from '../sockets.ts';

/** An option that is a number of 4 bytes. */
interface Setting {
  readonly level: number;
  readonly option: number;
}

const ofSocket = (option: number): Setting => ({ level: socketLevel, option });
const ofPacket = (option: number): Setting => ({ level: packetLevel, option });

/** Options that CRIU's entry has no place for: socket(7) and asm-generic/socket.h, packet(7) and linux/if_packet.h. */
const settings: Readonly<Record<PacketSetting['name'], Setting>> = {
  SO_TIMESTAMP: ofSocket(29),
  SO_TIMESTAMPNS: ofSocket(35),
  SO_TIMESTAMPING: ofSocket(37),
  SO_RXQ_OVFL: ofSocket(40),
  SO_NOFCS: ofSocket(43),
  SO_SELECT_ERR_QUEUE: ofSocket(45),
  SO_BUSY_POLL: ofSocket(46),
  SO_TIMESTAMP_NEW: ofSocket(63),
  SO_TIMESTAMPNS_NEW: ofSocket(64),
  SO_TIMESTAMPING_NEW: ofSocket(65),
  PACKET_TX_HAS_OFF: ofPacket(19),
  PACKET_QDISC_BYPASS: ofPacket(20),
  PACKET_IGNORE_OUTGOING: ofPacket(23),
  PACKET_VNET_HDR_SZ: ofPacket(24),
};

const names = Object.keys(settings) as PacketSetting['name'][];

/** Those that this kernel has, with their values. */
export function readSettings(fd: number): PacketSetting[] {
  return names.flatMap((name) => {
    const value = read(fd, settings[name]);
    return value === undefined ? [] : [{ name, value }];
  });
}

/** Sets those that differ from what a new socket has. @returns the names of those that cannot be set */
export function writeSettings(fd: number, wanted: readonly PacketSetting[]): string[] {
  return wanted.flatMap(({ name, value }) => {
    const setting = settings[name];
    if ((read(fd, setting) ?? 0) === value) return [];
    return writeNumber(fd, setting.level, setting.option, value) ? [] : [name];
  });
}

/** setsockopt(2) of one number; whether it worked. */
export function writeNumber(fd: number, level: number, option: number, value: number): boolean {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return writeOptionBytes(fd, option, bytes, level);
}

function read(fd: number, { level, option }: Setting): number | undefined {
  return readOptionBytes(fd, option, 4, level)?.readUInt32LE(0);
}
