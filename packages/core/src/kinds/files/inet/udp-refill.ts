import type { DatagramRecord } from '@criujs/engine-kit';
import { arena, closeFd, type InetFamily, syscall, trySyscall } from '@criujs/linux';
import { allRaw, inetFamilies, inetType } from '../../../facts/inet.ts';
import { invalid } from '../../rules.ts';
import { openFlag } from '../flags.ts';
import { readOption, socketLevel, socketOption, writeOptionBytes } from '../sockets.ts';
import { addressOfSockaddr, callWithAddress, type InetAddress, isAny, readAddress, sockaddrOf } from './address.ts';
import type { MadeInet } from './make.ts';
import { isOwnAddress } from './own-address.ts';
import { udpPacket } from './udp-packet.ts';

/** Sends a datagram again to a socket of ours; whether it went. */
export type SendAgain = (datagram: DatagramRecord, to: MadeInet) => boolean;

/** Headers are ours (IPPROTO_RAW): those of a socket that nobody may make without CAP_NET_RAW; null: this user may not. */
export function rawSender(isShared: (made: MadeInet) => boolean): { readonly send: SendAgain; close(): void } | null {
  const [four, six] = ([2, 10] as const).map((family) =>
    trySyscall('socket', family, inetType.raw | openFlag.O_CLOEXEC, allRaw),
  );
  if (four === undefined || four < 0) return null;
  const senders: Readonly<Record<InetFamily, number>> = { 2: four, 10: six ?? -1 };

  function send(datagram: DatagramRecord, made: MadeInet): boolean {
    const from = plain(addressFrom(datagram));
    // Of several who have the port the kernel gives it to the one that leads to the sender.
    const leads = isShared(made) && tryConnect(made.fd, addressFrom(datagram));
    try {
      const to = destinationOf(datagram, made, from.family, leads);
      if (to === null || senders[from.family] < 0) return false;
      const { ttl, tos, data } = datagram;
      const protocol = made.own.proto;
      const packet = udpPacket({ protocol, from, to, ttl, tos, data: Buffer.from(data, 'base64') });
      return sendTo(senders[from.family], packet, { ...to, port: 0 });
    } finally {
      if (leads) leadNowhere(made.fd);
    }
  }

  return {
    send,
    close() {
      for (const fd of Object.values(senders)) if (fd >= 0) closeFd(fd);
    },
  };
}

/** From a socket of the tree that has the sender's address, or from a new one that gets it: anybody may. */
export function plainSender(all: () => Iterable<MadeInet>): SendAgain {
  return (datagram, made) => {
    const from = addressFrom(datagram);
    const to = destinationOf(datagram, made, made.named.family, false);
    if (to === null) return false;
    const bytes = Buffer.from(datagram.data, 'base64');
    const own = [...all()].find(({ named: { family, protocol, here } }) => {
      return family === from.family && protocol === made.own.proto && isSame(here, from);
    });
    if (own !== undefined) return sendTo(own.fd, bytes, to);
    const fd = trySyscall('socket', from.family, inetType.datagram | openFlag.O_CLOEXEC, made.own.proto);
    if (fd < 0) return false;
    try {
      return tryBind(fd, from) && sendTo(fd, bytes, to);
    } finally {
      closeFd(fd);
    }
  };
}

/** Bytes that a buffer is asked to have at most. */
const mostRoom = 2 ** 30;

/** Has room for what waited, until the socket gets the sizes that it had. */
export function makeReceiveRoom(fd: number, datagrams: readonly DatagramRecord[]): void {
  const wanted = datagrams.reduce((sum, { data }) => sum + data.length, 0) * 4 + datagrams.length * 4096;
  const bytes = Math.min(wanted, mostRoom);
  if ((readOption(fd, socketOption.SO_RCVBUF) ?? 0) >= bytes) return;
  const size = Buffer.alloc(4);
  size.writeInt32LE(bytes);
  if (!writeOptionBytes(fd, socketOption.SO_RCVBUFFORCE, size)) writeOptionBytes(fd, socketOption.SO_RCVBUF, size);
}

/** @throws EngineError IMAGE_INVALID */
export function addressFrom({ from }: DatagramRecord): InetAddress {
  const address = addressOfSockaddr(Buffer.from(from, 'hex'));
  if (address === null) throw invalid('criujs.json', `a datagram comes from ${from}, which is no address`);
  return address;
}

/** An IPv4 address that an IPv6 socket has as ::ffff:1.2.3.4, as what it is. */
function plain(address: InetAddress): InetAddress {
  return isMapped(address) ? { ...address, family: 2, bytes: address.bytes.slice(12) } : address;
}

function isMapped({ family, bytes }: Pick<InetAddress, 'family' | 'bytes'>): boolean {
  return family === 10 && bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
}

const loopback: Readonly<Record<InetFamily, Uint8Array>> = {
  2: Uint8Array.from([127, 0, 0, 1]),
  10: Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
};

/**
 * Where it goes: nothing may leave this machine. null: nowhere here.
 * @param family of the packet
 * @param leads whether the socket leads to the sender, and has one address meanwhile
 */
function destinationOf(
  { to }: DatagramRecord,
  { fd, own }: MadeInet,
  family: InetFamily,
  leads: boolean,
): InetAddress | null {
  const here = readAddress(fd, 'getsockname');
  if (here === null) return null;
  const own6 = family === 10;
  const choices = [
    ...(to === null || leads ? [] : [ofFamily({ ...here, bytes: Buffer.from(to, 'hex') }, family)]),
    isAny(here) ? { ...here, family, bytes: loopback[family] } : ofFamily(here, family),
  ];
  const local = choices.find((it) => it !== null && isUnicast(it) && isOwnAddress(it));
  return local === undefined || local === null ? null : { ...local, port: own.srcPort, scope: own6 ? here.scope : 0 };
}

/** An address as one of a family; null: it has no such form. */
function ofFamily(address: InetAddress, family: InetFamily): InetAddress | null {
  const { bytes } = inetFamilies[family];
  if (address.bytes.length === bytes) return { ...address, family };
  const it = plain({ ...address, family: address.bytes.length === 16 ? 10 : 2 });
  return it.bytes.length === bytes ? { ...it, family } : null;
}

function isUnicast({ family, bytes: [first = 0] }: InetAddress): boolean {
  return family === 10 ? first !== 0xff : first < 224;
}

function isSame(one: InetAddress, other: InetAddress): boolean {
  return one.port === other.port && Buffer.from(one.bytes).equals(Buffer.from(other.bytes));
}

function tryConnect(fd: number, address: InetAddress): boolean {
  try {
    callWithAddress(fd, 'connect', address);
    return true;
  } catch {
    return false;
  }
}

function tryBind(fd: number, address: InetAddress): boolean {
  for (const option of [socketOption.SO_REUSEADDR, socketOption.SO_REUSEPORT])
    writeOptionBytes(fd, option, Buffer.from([1, 0, 0, 0]), socketLevel);
  try {
    callWithAddress(fd, 'bind', address);
    return true;
  } catch {
    return false;
  }
}

/** AF_UNSPEC: it leads nowhere any more. connect(2) */
export function leadNowhere(fd: number): void {
  arena.scope(() => {
    const address = arena.alloc(inetFamilies[2].sockaddr);
    syscall('connect', fd, address.address, address.length);
  });
}

function sendTo(fd: number, bytes: Uint8Array, to: InetAddress): boolean {
  return arena.scope(() => {
    const address = sockaddrOf(to);
    const name = arena.alloc(address.length);
    name.bytes.set(address);
    const data = arena.alloc(Math.max(bytes.length, 1));
    data.bytes.set(bytes);
    return trySyscall('sendto', fd, data.address, bytes.length, 0, name.address, name.length) === bytes.length;
  });
}
