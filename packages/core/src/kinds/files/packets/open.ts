import { EngineError, type PacketRecord } from '@criujs/engine-kit';
import { closeFd, LinuxError, type PacketRing, syscall } from '@criujs/linux';
import { refusedCall } from '../../../engine/blame.ts';
import { longestAddress, packetFamily, packetLevel, packetOption } from '../../../facts/packet.ts';
import type { Session } from '../../../run/session.ts';
import { openFlag } from '../flags.ts';
import type { FileEntry } from '../opening.ts';
import { attachFilter, detachFilter } from '../socket-filter.ts';
import { furnishSocket } from '../socket-options.ts';
import { readOption, socketLevel, socketOption, writeOptionBytes } from '../sockets.ts';
import { bindPacket, deviceIndex } from './device.ts';
import { packetWords } from './recognise.ts';
import { makeRing } from './ring.ts';
import { bringRingBack } from './rings-back.ts';
import { writeNumber, writeSettings } from './settings.ts';

export type PacketEntry = NonNullable<FileEntry['psk']>;

/** `BPF_RET` of 0: nothing passes. bpf(4) of the BSDs, linux/filter.h */
const nothing: readonly bigint[] = [0x6n << 48n];

/** Opens a packet socket, which gets nothing before {@link startPacket}: what the restore itself sends is nobody's business. */
export function openPacket(
  own: PacketEntry,
  record: PacketRecord | undefined,
  { warn, checkAborted }: Pick<Session, 'warn' | 'checkAborted'>,
): number {
  const { type, version, opts } = own;
  const what = packetWords({ inode: own.id, protocol: protocolOf(own.protocol) });
  const fd = syscall('socket', packetFamily, type | openFlag.O_CLOEXEC, 0);
  try {
    setOptions(fd, own, what);
    for (const name of writeSettings(fd, record?.settings ?? [])) warn(`${what}: ${name} cannot be set again`);
    addMemberships(fd, own, record, what);
    const receiving = own.rxRing === undefined ? null : ringOf(own.rxRing);
    const sending = own.txRing === undefined ? null : ringOf(own.txRing);
    for (const [option, ring] of [['RX_RING', receiving] as const, ['TX_RING', sending] as const])
      if (ring !== null && !makeRing(fd, option, ring, version)) throw refused(what, `its ring (PACKET_${option})`);
    if (receiving !== null && record?.ring)
      bringRingBack({ ...{ fd, version, receiving, sending, record: record.ring }, checkAborted });
    if (receiving !== null && record === undefined)
      warn(`${what}: images of CRIU do not say where its ring is: the kernel begins at its first frame`);
    attachFilter(fd, opts.soFilter);
    attachFilter(fd, nothing);
    const device = deviceOf(fd, own.ifindex, record?.device, what);
    if (device !== 0 || own.protocol !== 0) bindPacket(fd, { device, protocol: protocolOf(own.protocol) });
    if (own.fanout !== noFanout && !writeNumber(fd, packetLevel, packetOption.FANOUT, own.fanout))
      throw refused(what, 'its group (PACKET_FANOUT)');
    furnish(fd, own, what, warn);
    // A device that is down is an error that waits.
    if (record?.hasError !== true) readOption(fd, socketOption.SO_ERROR);
    return fd;
  } catch (error) {
    closeFd(fd);
    if (!(error instanceof LinuxError)) throw error;
    throw refusedCall(error.code, `${what} cannot be made again: ${error.message}`, { file: 'files.img' }, error);
  }
}

/** Lets it have packets. @throws LinuxError */
export function startPacket({ opts }: PacketEntry, record: PacketRecord | undefined, fd: number): void {
  if (opts.soFilter.length > 0) attachFilter(fd, opts.soFilter);
  else detachFilter(fd);
  if (record?.filterLocked) writeNumber(fd, socketLevel, socketOption.SO_LOCK_FILTER, 1);
}

/** Images have a protocol in the order of the network. */
export function protocolOf(protocol: number): number {
  return ((protocol & 0xff) << 8) | (protocol >>> 8);
}

export function ringOf(entry: NonNullable<PacketEntry['rxRing']>): PacketRing {
  const { blockSize, blockNr, frameSize, frameNr, retireTmo, sizeofPriv, features } = entry;
  return {
    ...{ blockSize, blocks: blockNr, frameSize, frames: frameNr },
    ...{ timeout: retireTmo, privateSize: sizeofPriv, features },
  };
}

/** What an entry without a group has. */
const noFanout = 0xffff_ffff;

/** Most of them cannot be set any more once there are rings. */
function setOptions(fd: number, own: PacketEntry, what: string): void {
  const { VERSION, RESERVE, TIMESTAMP, COPY_THRESH, AUXDATA, ORIGDEV, VNET_HDR, LOSS } = packetOption;
  const numbers: readonly (readonly [option: number, value: number])[] = [
    [VERSION, own.version],
    [RESERVE, own.reserve],
    [TIMESTAMP, own.timestamp],
    [COPY_THRESH, own.copyThresh],
    [AUXDATA, Number(own.auxData)],
    [ORIGDEV, Number(own.origDev)],
    [VNET_HDR, Number(own.vnetHdr)],
    [LOSS, Number(own.loss)],
  ];
  for (const [option, value] of numbers)
    if (value !== 0 && !writeNumber(fd, packetLevel, option, value)) throw refused(what, `its option ${option}`);
}

function addMemberships(fd: number, own: PacketEntry, record: PacketRecord | undefined, what: string): void {
  own.mclist.forEach(({ index, type, addr }, at) => {
    const request = Buffer.alloc(8 + longestAddress);
    request.writeInt32LE(deviceOf(fd, index, record?.memberships[at], what), 0);
    request.writeUInt16LE(type, 4);
    request.writeUInt16LE(addr.length, 6);
    request.set(addr, 8);
    if (!writeOptionBytes(fd, packetOption.ADD_MEMBERSHIP, request, packetLevel))
      throw refused(what, `its membership of ${record?.memberships[at] ?? `device ${index}`}`);
  });
}

/** Where a device is by now, by its name where the images have it. @throws EngineError FILE_MISSING */
function deviceOf(fd: number, index: number, name: string | null | undefined, what: string): number {
  if (name === undefined || name === null) return index;
  const found = deviceIndex(fd, name);
  if (found !== null) return found;
  throw new EngineError('FILE_MISSING', `${what} cannot be made again: there is no network device ${name}`, {
    resource: what,
    remedy: `Make the device ${name} (\`ip link\`), and restore again.`,
  });
}

function furnish(fd: number, { opts, flags }: PacketEntry, what: string, warn: (message: string) => void): void {
  const { SO_PRIORITY, SO_RCVLOWAT, SO_MARK } = socketOption;
  const numbers = [
    ['SO_PRIORITY', SO_PRIORITY, opts.soPriority],
    ['SO_RCVLOWAT', SO_RCVLOWAT, opts.soRcvlowat || 1],
    ['SO_MARK', SO_MARK, opts.soMark],
  ] as const;
  for (const [name, option, value] of numbers)
    if (readOption(fd, option) !== value && !writeNumber(fd, socketLevel, option, value))
      warn(`${what}: ${name} cannot be set again`);
  furnishSocket(fd, { flags, opts: { ...opts, soFilter: [] } }, what, warn);
}

function refused(what: string, part: string): EngineError {
  return new EngineError('KERNEL', `${what} cannot be made again: the kernel refuses ${part}`, {
    resource: what,
    remedy: 'Restore as root, on a kernel like that of the dump; a group must not be one of other programs by now.',
  });
}
