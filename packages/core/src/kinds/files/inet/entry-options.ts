import type { MessageInitShape, SkOptsEntrySchema } from '@criujs/images';
import type { InetFamily } from '@criujs/linux';
import { inetProtocol, inetType } from '../../../facts/inet.ts';
import type { InetOptionName } from '../../../facts/inet-options.ts';
import type { FilePayload } from '../dumping.ts';
import type { FileEntry } from '../opening.ts';
import { type InetOptions, type InetShape, numberIn } from './options.ts';

/** The part of an entry that says what an internet socket is. */
export type InetEntry = NonNullable<FileEntry['isk']>;
/** The same before it is encoded. */
export type InetInit = Plain<NonNullable<FilePayload['isk']>>;
export type SkInit = Plain<MessageInitShape<typeof SkOptsEntrySchema>>;
/** The fields of a message, without those that only a message has. */
type Plain<T> = Extract<T, { readonly $typeName?: never }>;

/** A field that an entry has; undefined where it has none: its default would be something else. */
function given<T extends object, K extends keyof T>(part: T | undefined, key: K): T[K] | undefined {
  return part !== undefined && Object.hasOwn(part, key) ? part[key] : undefined;
}

type SocketField =
  | 'soPriority'
  | 'soRcvlowat'
  | 'soMark'
  | 'soDontroute'
  | 'soNoCheck'
  | 'soBroadcast'
  | 'soKeepalive'
  | 'soOobinline';
type Field = (entry: InetEntry) => number | boolean | undefined;

const only =
  (family: InetFamily, field: Field): Field =>
  (entry) =>
    entry.family === family ? field(entry) : undefined;
const ofIp = (family: InetFamily, key: 'freebind' | 'pktinfo' | 'tos' | 'ttl'): Field =>
  only(family, ({ ipOpts }) => given(ipOpts, key));
const ofRaw = (family: InetFamily, key: 'hdrincl' | 'nodefrag'): Field =>
  only(family, ({ ipOpts }) => given(ipOpts?.raw, key));
const ofSocket =
  (key: SocketField): Field =>
  ({ opts }) =>
    given(opts, key);
const ofTcp =
  (key: 'cork' | 'nodelay'): Field =>
  ({ tcpOpts }) =>
    given(tcpOpts, key);

/** Options that CRIU's entry has a place for, and how they are read there: the others go into criujs.json. */
const placed: { readonly [N in InetOptionName]?: Field } = {
  IPV6_V6ONLY: only(10, (entry) => given(entry, 'v6only')),
  IP_FREEBIND: ofIp(2, 'freebind'),
  IPV6_FREEBIND: ofIp(10, 'freebind'),
  IP_PKTINFO: ofIp(2, 'pktinfo'),
  IPV6_RECVPKTINFO: ofIp(10, 'pktinfo'),
  IP_TOS: ofIp(2, 'tos'),
  IP_TTL: ofIp(2, 'ttl'),
  IP_HDRINCL: ofRaw(2, 'hdrincl'),
  IPV6_HDRINCL: ofRaw(10, 'hdrincl'),
  IP_NODEFRAG: ofRaw(2, 'nodefrag'),
  SO_PRIORITY: ofSocket('soPriority'),
  SO_RCVLOWAT: ofSocket('soRcvlowat'),
  SO_MARK: ofSocket('soMark'),
  SO_DONTROUTE: ofSocket('soDontroute'),
  SO_NO_CHECK: ofSocket('soNoCheck'),
  SO_BROADCAST: ofSocket('soBroadcast'),
  SO_KEEPALIVE: ofSocket('soKeepalive'),
  SO_OOBINLINE: ofSocket('soOobinline'),
  TCP_CORK: ofTcp('cork'),
  TCP_NODELAY: ofTcp('nodelay'),
  // Older releases of CRIU have them elsewhere.
  TCP_KEEPCNT: ({ tcpOpts, opts }) => given(tcpOpts, 'keepcnt') ?? given(opts, 'tcpKeepcnt'),
  TCP_KEEPIDLE: ({ tcpOpts, opts }) => given(tcpOpts, 'keepidle') ?? given(opts, 'tcpKeepidle'),
  TCP_KEEPINTVL: ({ tcpOpts, opts }) => given(tcpOpts, 'keepintvl') ?? given(opts, 'tcpKeepintvl'),
};

/** How long close(2) waits, in whole seconds: `struct linger` of socket(7). */
const linger = { on: 0, seconds: 4, size: 8 } as const;

/** Whether CRIU's entry has a place for an option. */
export function isPlaced(name: InetOptionName): boolean {
  return name in placed || name === 'SO_LINGER' || name === 'ICMP_FILTER' || name === 'ICMPV6_FILTER';
}

/** The options that an entry has. */
export function optionsOfEntry(entry: InetEntry): InetOptions {
  const found = new Map<InetOptionName, Buffer>();
  for (const name of Object.keys(placed) as (keyof typeof placed)[]) {
    const value = placed[name]?.(entry);
    if (value !== undefined) found.set(name, wordsToBytes([Number(value)]));
  }
  const seconds = given(entry.opts, 'soLinger');
  if (seconds !== undefined) found.set('SO_LINGER', wordsToBytes([1, seconds]));
  const filter = entry.ipOpts?.raw?.icmpvFilter ?? [];
  if (filter.length > 0) found.set(entry.family === 10 ? 'ICMPV6_FILTER' : 'ICMP_FILTER', wordsToBytes(filter));
  return found;
}

/** What an entry says of options: those that are always there, and what is not as in a new socket. */
export function entryOfOptions(
  { family, type, protocol }: InetShape,
  all: InetOptions,
  changed: InetOptions,
): Pick<InetInit, 'v6only' | 'ipOpts' | 'tcpOpts'> & { readonly opts: Partial<SkInit> } {
  const flag = (name: InetOptionName): boolean => numberIn(all, name) !== 0;
  const other = (name: InetOptionName): number | undefined => (changed.has(name) ? numberIn(all, name) : undefined);
  const yes = (name: InetOptionName): true | undefined => (flag(name) ? true : undefined);
  const is6 = family === 10;
  const lingering = all.get('SO_LINGER');
  return {
    ...(is6 && { v6only: flag('IPV6_V6ONLY') }),
    opts: present({
      soPriority: numberIn(all, 'SO_PRIORITY'),
      soRcvlowat: numberIn(all, 'SO_RCVLOWAT'),
      soMark: other('SO_MARK'),
      soDontroute: flag('SO_DONTROUTE'),
      soNoCheck: flag('SO_NO_CHECK'),
      soBroadcast: flag('SO_BROADCAST'),
      soKeepalive: flag('SO_KEEPALIVE'),
      soOobinline: Number(flag('SO_OOBINLINE')),
      soLinger: lingering?.readInt32LE(linger.on) ? lingering.readUInt32LE(linger.seconds) : undefined,
    }),
    ipOpts: present({
      freebind: yes(is6 ? 'IPV6_FREEBIND' : 'IP_FREEBIND'),
      pktinfo: yes(is6 ? 'IPV6_RECVPKTINFO' : 'IP_PKTINFO'),
      ...(!is6 && { tos: other('IP_TOS'), ttl: other('IP_TTL') }),
      ...(type === inetType.raw && {
        raw: present({
          hdrincl: yes(is6 ? 'IPV6_HDRINCL' : 'IP_HDRINCL'),
          nodefrag: is6 ? undefined : yes('IP_NODEFRAG'),
          icmpvFilter: bytesToWords(all.get(is6 ? 'ICMPV6_FILTER' : 'ICMP_FILTER')),
        }),
      }),
    }),
    ...(type === inetType.stream &&
      protocol === inetProtocol.TCP && {
        tcpOpts: {
          cork: flag('TCP_CORK'),
          nodelay: flag('TCP_NODELAY'),
          keepcnt: numberIn(all, 'TCP_KEEPCNT'),
          keepidle: numberIn(all, 'TCP_KEEPIDLE'),
          keepintvl: numberIn(all, 'TCP_KEEPINTVL'),
        },
      }),
  };
}

/** Without what is undefined: that is not set. */
function present<T extends object>(part: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function wordsToBytes(words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  words.forEach((word, at) => {
    bytes.writeUInt32LE(word >>> 0, at * 4);
  });
  return bytes;
}

function bytesToWords(bytes: Buffer | undefined): number[] {
  return bytes === undefined ? [] : Array.from({ length: bytes.length >> 2 }, (_, at) => bytes.readUInt32LE(at * 4));
}
