import type { DatagramRecord } from '@criujs/engine-kit';
import type { LoadContext } from '../opening.ts';
import { socketLevel, socketOption, writeOptionBytes } from '../sockets.ts';
import { callWithAddress } from './address.ts';
import type { MadeInet } from './make.ts';
import { arrives } from './udp-arrival.ts';
import { addressFrom, leadNowhere, makeReceiveRoom, plainSender, rawSender } from './udp-refill.ts';

/** Puts back what waited in UDP sockets. */
export interface UdpFiller {
  /** Has what needs rights sent: once it has its address, and before it leads anywhere. */
  early(made: MadeInet): void;
  /** The rest, once all sockets have their addresses. */
  late(made: MadeInet): void;
}

/** @param isShared whether other sockets of the images have its port too */
export function createUdpFiller(
  { records, session, untilOpen }: Pick<LoadContext, 'records' | 'session' | 'untilOpen'>,
  isShared: (made: MadeInet) => boolean,
): UdpFiller {
  const queues = new Map(records?.inetQueues?.map(({ id, datagrams }) => [id, datagrams]));
  for (const datagrams of queues.values()) datagrams.forEach(addressFrom);
  const made = new Map<number, MadeInet>();
  const raw = queues.size === 0 ? null : rawSender(isShared);
  if (raw !== null) untilOpen(raw.close);
  const plain = plainSender(() => made.values());

  function warn({ what }: MadeInet, lost: number, all: readonly DatagramRecord[]): void {
    if (lost > 0)
      session.warn(
        `${what}: ${lost} of ${all.length} datagrams that waited in it are lost: they could not be sent in their senders' names`,
      );
  }

  return {
    early(one) {
      made.set(one.entry.id, one);
      const datagrams = queues.get(one.entry.id);
      if (raw === null || datagrams === undefined) return;
      makeReceiveRoom(one.fd, datagrams);
      setDevice(one.fd, '');
      warn(one, datagrams.filter((it) => !arrives(one.fd, () => raw.send(it, one))).length, datagrams);
      setDevice(one.fd, one.own.opts?.soBoundDev ?? '');
    },
    late(one) {
      const datagrams = queues.get(one.entry.id);
      if (raw !== null || datagrams === undefined) return;
      const { there } = one.named;
      // It hears only whom it leads to, and heard others before.
      if (there !== null) leadNowhere(one.fd);
      warn(one, datagrams.filter((it) => !arrives(one.fd, () => plain(it, one))).length, datagrams);
      if (there !== null) callWithAddress(one.fd, 'connect', there);
    },
  };
}

/** What we send comes through the loopback device. SO_BINDTODEVICE of socket(7); empty: none. */
function setDevice(fd: number, name: string): void {
  writeOptionBytes(fd, socketOption.SO_BINDTODEVICE, Buffer.from(`${name}\0`), socketLevel);
}
