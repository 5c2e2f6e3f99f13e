import { closeFd } from '@criujs/linux';
import type { LatePlace } from '../opening.ts';
import { type Binder, type Destination, isPath } from './bind.ts';
import { connectTo, makeSocket, nameKey } from './connect.ts';
import type { UnixEntry } from './entry.ts';
import type { End, Furnisher } from './furnish.ts';
import type { WaitingPacket } from './queue.ts';

/** AF_UNSPEC: a datagram socket that is connected to it leads nowhere any more. connect(2) */
const nowhere = Buffer.from([0, 0]);

/** What sending what waited needs. */
interface Sending {
  readonly place: LatePlace;
  readonly furnisher: Furnisher;
  readonly binder: Binder;
  /** Sockets with names: the place's numbers of them. */
  readonly bound: readonly { readonly own: UnixEntry; readonly number: number }[];
}

/** Sends datagrams again to a socket with a name, each from a socket with the name of whoever had sent it. */
export function sendDatagrams(
  packets: readonly WaitingPacket[],
  to: Omit<End, 'fd'> & { readonly to: Destination },
  { place, furnisher, binder, bound }: Sending,
): void {
  for (const packet of packets) {
    const name = packet.from;
    const named = { ...to.own, name: isPath(name) ? Buffer.concat([name, Buffer.from([0])]) : name };
    const own = name.length === 0 ? undefined : bound.find((it) => nameKey(it.own) === nameKey(named));
    const number = own?.number ?? makeSocket(place, to.own.type);
    if (own === undefined && name.length > 0) binder.bindHidden({ own: named, number }, null);
    connectTo(place, number, to.to, undefined);
    const fd = place.fetch(number);
    try {
      furnisher.fill(to, [packet], fd, place.now);
    } finally {
      closeFd(fd);
    }
    if (own === undefined) place.call('close', [number]);
    else place.call('connect', [number, nowhere, nowhere.length]);
  }
}
