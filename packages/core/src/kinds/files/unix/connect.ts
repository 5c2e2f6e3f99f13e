import { EngineError } from '@criujs/engine-kit';
import { LinuxError, socketAddress } from '@criujs/linux';
import { openFlag } from '../flags.ts';
import type { LatePlace } from '../opening.ts';
import { socketFamily } from '../sockets.ts';
import { addressIn, type Binder, type Destination } from './bind.ts';
import type { UnixEntry } from './entry.ts';

/** A new socket in the place; gives its number there. */
export function makeSocket(place: LatePlace, type: number): number {
  return place.call('socket', [socketFamily.unix, type | openFlag.O_CLOEXEC, 0]);
}

/** Two connected ones. Whoever asks either for the maker of its other end is told this process (SO_PEERCRED in unix(7)). */
export function makePair(place: LatePlace, type: number, maker: number | undefined): readonly [number, number] {
  const [one, other] = place.within(maker, [], (call) => {
    const numbers = Buffer.alloc(8);
    call('socketpair', [socketFamily.unix, type | openFlag.O_CLOEXEC, 0, numbers]);
    return [numbers.readInt32LE(0), numbers.readInt32LE(4)];
  });
  return [one as number, other as number];
}

/** Connects a socket of the place, in the name of a process: whom it leads to is told this one. */
export function connectTo(place: LatePlace, number: number, to: Destination, maker: number | undefined): void {
  place.within(maker, to.by === 'file' ? [number, to.number] : [number], (call, [own = -1, file]) => {
    const address = socketAddress(to.by === 'name' ? to.address : Buffer.from(`/proc/self/fd/${file}`));
    call('connect', [own, address, address.length]);
    return [];
  });
}

/** The same, in words where nobody is there. @throws EngineError FILE_MISSING, NOT_PERMITTED */
export function leadTo(
  place: LatePlace,
  number: number,
  to: Destination,
  { ino }: Pick<UnixEntry, 'ino'>,
  maker?: number,
): void {
  try {
    connectTo(place, number, to, maker);
  } catch (error) {
    if (!(error instanceof LinuxError) || to.by !== 'name') throw error;
    const name = Buffer.from(to.address).toString().replace(/^\0/, '@');
    throw new EngineError(
      error.code === 'EACCES' || error.code === 'EPERM' ? 'NOT_PERMITTED' : 'FILE_MISSING',
      `unix socket ${ino} cannot be connected to ${name} again (${error.code})`,
      { resource: name, cause: error, remedy: `Start the program that has ${name}, and restore again.` },
    );
  }
}

/** Lets a socket listen, in the name of a process: who connects to it is told this one. */
export function listenAs(place: LatePlace, number: number, backlog: number, maker: number | undefined): void {
  place.within(maker, [number], (call, [own = -1]) => {
    call('listen', [own, backlog]);
    return [];
  });
}

/** Sockets that listen as long as connections are made. */
export interface Doormen {
  /** Connects a socket of the place to one with this name. Gives the number of the other end, which has that name. */
  connect(client: number, server: UnixEntry, makers: Makers): number;
  close(): void;
}

/** By their pids when they were dumped. */
export interface Makers {
  /** Whom the server is told. */
  readonly client: number | undefined;
  /** Whom the client is told. */
  readonly server: number | undefined;
}

export function createDoormen(place: LatePlace, binder: Binder): Doormen {
  const open = new Map<string, { readonly number: number; readonly at: Destination }>();

  function doorman(
    server: UnixEntry,
    maker: number | undefined,
  ): { readonly number: number; readonly at: Destination } {
    const key = `${maker} ${nameKey(server)}`;
    const known = open.get(key);
    if (known !== undefined) return known;
    // Where it cannot be hidden there is only one at a time.
    if (!binder.canHide(server)) close();
    const number = makeSocket(place, server.type);
    const made = { number, at: binder.bindHidden({ own: server, number }, null) };
    listenAs(place, number, 1, maker);
    open.set(key, made);
    return made;
  }

  function close(): void {
    for (const { number } of open.values()) place.call('close', [number]);
    open.clear();
  }

  return {
    connect(client, server, makers) {
      const { number, at } = doorman(server, makers.server);
      connectTo(place, client, at, makers.client);
      return place.call('accept4', [number, 0, 0, openFlag.O_CLOEXEC]);
    },
    close,
  };
}

/** The same for sockets of one type and one name. */
export function nameKey({ name, type }: Pick<UnixEntry, 'name' | 'type'>): string {
  return `${type} ${Buffer.from(addressIn({ name })).toString('latin1')}`;
}
