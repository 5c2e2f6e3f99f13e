import { EngineError } from '@criujs/engine-kit';
import {
  type InetDiagSocket,
  type InetFamily,
  inetSockets,
  LinuxError,
  parseRawSockets,
  readText,
  trySyscall,
} from '@criujs/linux';
import { inetFamilies, inetProtocol, inetType, namespaceCookie, tcpInfo, tcpState } from '../../../facts/inet.ts';
import { openFlag } from '../flags.ts';
import type { SeenFile, Tree } from '../held.ts';
import { hasError } from '../pipe-content.ts';
import { inodeOfLink, readOption, readOptionBytes, socketLevel, socketOption } from '../sockets.ts';
import { findUnix } from '../unix/seen.ts';
import { type InetAddress, readAddress, readPeerBefore } from './address.ts';
import type { InetShape } from './options.ts';
import { unread } from './unread.ts';
import type { InetNamed } from './words.ts';

/** An internet socket of the tree. */
export interface InetSocket extends InetNamed {
  readonly inode: number;
  /** Listening: how many connections wait to be accepted, and how many may. */
  readonly waiting: number;
  readonly backlog: number;
  /** It belongs to another network namespace than the engine's. */
  readonly isElsewhere: boolean;
}

/** What was seen of sockets: a look at each is enough for all kinds. */
const known = new WeakMap<SeenFile, InetSocket | null>();

/** The internet socket that a file is; null: it is none, or this user may not look. */
export function inetSocketAt(file: SeenFile, tree: Tree): InetSocket | null {
  const found = known.get(file);
  if (found !== undefined) return found;
  const inode = inodeOfLink(file.link, 'socket');
  const socket = inode === null || findUnix(file, tree) !== undefined ? null : look(file, inode, tree);
  known.set(file, socket);
  return socket;
}

/** The same for a file that was recognised as one. */
export function inetSocketOf(file: SeenFile, tree: Tree): InetSocket {
  const found = inetSocketAt(file, tree);
  if (found === null) throw new EngineError('INTERNAL', `${file.link} was an internet socket and is not`);
  return found;
}

function look(file: SeenFile, inode: number, tree: Tree): InetSocket | null {
  try {
    return tree.borrow(file, (fd) => lookAt(fd, inode, tree));
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}

function lookAt(fd: number, inode: number, tree: Tree): InetSocket | null {
  const named = inetNamed(fd);
  if (named === null) return null;
  const isElsewhere = isOutside(fd);
  const socket = { ...named, inode, isElsewhere, ...(isListening(named) ? queueOf(fd) : { waiting: 0, backlog: 0 }) };
  const told = isElsewhere || named.type === inetType.stream ? undefined : listOf(socket, tree)?.get(inode);
  // A socket without a port at the other end has no name for it, and leads there all the same.
  if (told === undefined || named.there !== null || told.state !== tcpState.connected) return socket;
  const { destination, destinationPort: port } = told;
  const there: InetAddress = { family: named.family, bytes: destination, port, scope: 0, flow: 0 };
  return { ...socket, state: tcpState.connected, there };
}

/** What a descriptor tells of an internet socket; null: it is none. */
export function inetNamed(fd: number): InetNamed | null {
  const family = readOption(fd, socketOption.SO_DOMAIN) ?? 0;
  if (!isInet(family)) return null;
  const type = readOption(fd, socketOption.SO_TYPE) ?? 0;
  const protocol = readOption(fd, socketOption.SO_PROTOCOL) ?? 0;
  const here = readAddress(fd, 'getsockname');
  if (here === null) return null;
  const connected = readAddress(fd, 'getpeername');
  const state = type === inetType.stream ? streamState(fd) : connected === null ? tcpState.closed : tcpState.connected;
  const hasRest = type === inetType.stream && state === tcpState.closed && (hasError(fd) || unread(fd) > 0);
  const there = connected ?? (hasRest ? readPeerBefore(fd, family) : null);
  return { family, type, protocol, here, there, state };
}

function isInet(family: number): family is InetFamily {
  return Object.hasOwn(inetFamilies, family);
}

function isListening({ type, state }: Pick<InetNamed, 'type' | 'state'>): boolean {
  return type === inetType.stream && state === tcpState.listening;
}

/** TCP_INFO of tcp(7). */
function tcpInfoOf(fd: number): Buffer | null {
  return readOptionBytes(fd, tcpInfo.option, tcpInfo.length, tcpInfo.level);
}

/** Other protocols than TCP have states of their own, and nobody asks for them. */
function streamState(fd: number): number {
  return tcpInfoOf(fd)?.readUInt8(tcpInfo.state) ?? 0;
}

function queueOf(fd: number): Pick<InetSocket, 'waiting' | 'backlog'> {
  const info = tcpInfoOf(fd);
  return { waiting: info?.readUInt32LE(tcpInfo.waiting) ?? 0, backlog: info?.readUInt32LE(tcpInfo.backlog) ?? 0 };
}

/** What the kernel's lists tell of a socket. Raw sockets are in a list of their own, which does not know of halves that are shut. */
type Listed = Pick<InetDiagSocket, 'state' | 'destination' | 'destinationPort'> &
  Partial<Pick<InetDiagSocket, 'shut' | 'signs'>>;

/** Lists of this network namespace, each asked for once. */
const lists = new WeakMap<Tree, Map<string, ReadonlyMap<number, Listed> | null>>();

/** What the kernel tells of sockets like this one, by their inodes; null: it has no such list. */
export function listOf({ family, type, protocol }: InetShape, tree: Tree): ReadonlyMap<number, Listed> | null {
  const own = lists.get(tree) ?? new Map<string, ReadonlyMap<number, Listed> | null>();
  lists.set(tree, own);
  const key = `${family}:${type}:${type === inetType.raw ? 0 : protocol}`;
  const found = own.get(key);
  if (found !== undefined) return found;
  const asked = type === inetType.raw ? rawList(family) : diagList(family, protocol);
  own.set(key, asked);
  return asked;
}

function diagList(family: InetFamily, protocol: number): ReadonlyMap<number, Listed> | null {
  try {
    // Of TCP it tells nothing of connections that they do not tell themselves, and there may be very many.
    const states = protocol === inetProtocol.TCP ? [tcpState.listening] : undefined;
    return new Map(inetSockets(family, protocol, states).map((socket) => [socket.inode, socket]));
  } catch (error) {
    if (error instanceof LinuxError) return null;
    throw error;
  }
}

function rawList(family: InetFamily): ReadonlyMap<number, Listed> | null {
  try {
    const text = readText(process.pid, family === 10 ? 'net/raw6' : 'net/raw');
    return new Map(parseRawSockets(text, family).map((socket) => [socket.inode, socket]));
  } catch {
    return null;
  }
}

/** Whether a socket is one of another network namespace. Kernels that do not tell have it as ours. */
function isOutside(fd: number): boolean {
  const cookie = cookieOf(fd);
  return cookie !== null && !cookie.equals(ownCookie() ?? cookie);
}

function cookieOf(fd: number): Buffer | null {
  return readOptionBytes(fd, namespaceCookie.option, namespaceCookie.length, socketLevel);
}

let own: Buffer | null | undefined;

/** That of a socket of ours. The engine stays where it is. */
function ownCookie(): Buffer | null {
  if (own !== undefined) return own;
  const fd = trySyscall('socket', 2, inetType.datagram | openFlag.O_CLOEXEC, 0);
  if (fd < 0) return null;
  own = cookieOf(fd);
  trySyscall('close', fd);
  return own;
}
