import { closeFd, type InetFamily, LinuxError, syscall } from '@criujs/linux';
import { openFlag } from '../flags.ts';
import type { FileEntry, LoadContext } from '../opening.ts';
import { furnishSocket } from '../socket-options.ts';
import { socketLevel, socketOption, writeOptionBytes } from '../sockets.ts';
import { callWithAddress, isAny } from './address.ts';
import { entryWords, inetEntry, namedOf } from './entry.ts';
import type { InetEntry } from './entry-options.ts';
import { cannotMake, makeFailure } from './make-failure.ts';
import { deviceIndex } from './network-device.ts';
import { type InetOptions, readInetOptions, setInetOptions } from './options.ts';
import { type SharedPorts, sharedPorts } from './ports.ts';
import { wantedOptions } from './wanted-options.ts';
import type { InetNamed } from './words.ts';

/** A socket of the images that is made again. */
export interface MadeInet {
  readonly fd: number;
  readonly entry: FileEntry;
  readonly own: InetEntry;
  readonly named: InetNamed;
  /** The socket in words. */
  readonly what: string;
}

/** Steps of making sockets again, for kinds of them to put together. */
export interface InetMaker {
  readonly ports: SharedPorts;
  /** The entries of the kind that have the port of one of them, itself included, in the order in which their sockets were made. */
  inOrder(entry: FileEntry): readonly FileEntry[];
  /** Closes what nobody has asked for by the time that all files are open. */
  readonly untilOpen: LoadContext['untilOpen'];
  /**
   * A new socket with what counts when it gets its address: options, its device, who else may have its port.
   * @param go takes it to its address, and further; if that fails, it is closed
   * @throws EngineError
   */
  make(entry: FileEntry, go: (made: MadeInet) => void): number;
  /** Gives it the address that it had, if it had one. @throws LinuxError */
  bind(made: MadeInet): void;
  /** Leads it to where it led. @throws LinuxError */
  connect(made: MadeInet): void;
  /** Sizes of buffers, timeouts, the filter, flags, and all other options. What cannot be set is a warning. */
  furnish(made: MadeInet): void;
}

export function createInetMaker(
  context: Pick<LoadContext, 'records' | 'session' | 'all' | 'entries' | 'untilOpen'>,
): InetMaker {
  const records = new Map(context.records?.inetSockets?.map((it) => [it.id, it]));
  const options = new Map<number, InetOptions>();
  const { warn } = context.session;
  const ports = sharedPorts(context.all());

  function optionsOf({ fd, entry, own, what }: MadeInet): InetOptions {
    const found =
      options.get(entry.id) ?? wantedOptions(fd, own, records.get(entry.id), (why) => warn(`${what}: ${why}`));
    options.set(entry.id, found);
    return found;
  }

  function set(made: MadeInet, which: 'early' | 'late'): void {
    for (const name of setInetOptions(made.fd, optionsOf(made), which))
      warn(`${made.what}: ${name} cannot be set again`);
  }

  function setDevice({ fd, own }: MadeInet): void {
    const device = own.opts?.soBoundDev ?? '';
    if (device === '') return;
    if (!writeOptionBytes(fd, socketOption.SO_BINDTODEVICE, Buffer.from(`${device}\0`), socketLevel))
      throw cannotMake(own, `it cannot be bound to the device ${device} (SO_BINDTODEVICE)`, {
        remedy: `Make a device ${device}, or restore as root.`,
      });
  }

  return {
    ports,
    untilOpen: context.untilOpen,
    inOrder(entry) {
      const own = inetEntry(entry);
      if (!ports.isShared(own)) return [entry];
      // Inodes of sockets are numbered as they are made.
      return context.entries
        .filter((it) => inetEntry(it).proto === own.proto && inetEntry(it).srcPort === own.srcPort)
        .sort((one, other) => inetEntry(one).ino - inetEntry(other).ino);
    },
    make(entry, go) {
      const own = inetEntry(entry);
      const named = namedOf(own, records.get(entry.id));
      const fd = newSocket(own);
      try {
        const made = { fd, entry, own, named, what: entryWords(own) };
        set(made, 'early');
        setDevice(made);
        ports.open(fd, own);
        go(made);
        return fd;
      } catch (error) {
        closeFd(fd);
        throw error instanceof LinuxError ? makeFailure(own, error) : error;
      }
    },
    bind({ fd, entry, own, named: { here } }) {
      if (here.port === 0 && isAny(here)) return;
      const scope = own.ifname === '' ? 0 : deviceIndex(fd, own.ifname);
      if (scope === null)
        throw cannotMake(own, `there is no device ${own.ifname}`, { remedy: `Make a device ${own.ifname}.` });
      const isForeign = records.get(entry.id)?.isForeign ?? false;
      const before = isForeign ? allowForeign(fd, here.family) : undefined;
      callWithAddress(fd, 'bind', { ...here, scope });
      if (before !== undefined) setInetOptions(fd, before, 'early');
    },
    connect({ fd, named: { there } }) {
      if (there !== null) callWithAddress(fd, 'connect', there);
    },
    furnish(made) {
      const { fd, own, what } = made;
      const { opts, flags } = own;
      if (opts === undefined) return;
      furnishSocket(fd, { opts, flags }, what, warn);
      if (Object.hasOwn(opts, 'soBufLock')) {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(opts.soBufLock, 0);
        writeOptionBytes(fd, socketOption.SO_BUF_LOCK, bytes, socketLevel);
      }
      set(made, 'late');
    },
  };
}

function newSocket(own: InetEntry): number {
  try {
    return syscall('socket', own.family, own.type | openFlag.O_CLOEXEC, own.proto);
  } catch (error) {
    throw error instanceof LinuxError ? makeFailure(own, error) : error;
  }
}

/** Lets a socket have an address that is none of this machine. Gives the option as it was. */
function allowForeign(fd: number, family: InetFamily): InetOptions {
  const name = family === 10 ? 'IPV6_FREEBIND' : 'IP_FREEBIND';
  const before = readInetOptions(fd).get(name);
  setInetOptions(fd, new Map([[name, Buffer.from([1, 0, 0, 0])]]), 'early');
  return new Map(before === undefined ? [] : [[name, before]]);
}
