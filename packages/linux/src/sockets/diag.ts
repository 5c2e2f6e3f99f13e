import { addressOf, unixName } from './names.ts';
import { askForSockets, type DiagQuestion, diagAttributes, parseSockets } from './sock-diag.ts';

/** A unix socket as sock_diag(7) shows it. */
export interface UnixSocket {
  readonly inode: number;
  /** Inode of the socket at the other end; 0 when there is none, or it is not accepted yet. */
  readonly peer: number;
  /** TCP_* numbers: 1 established, 7 closed, 10 listening. */
  readonly state: number;
  /** SOCK_*: 1 stream, 2 dgram, 5 seqpacket. */
  readonly type: number;
  /** A path, or a leading `\0` and an abstract name; null when it has none. */
  readonly name: string | null;
  /** The same, byte for byte, without the zero byte at the end of a path. */
  readonly address: Uint8Array;
  /** Halves that are shut: 1 receiving, 2 sending, 3 both. shutdown(2) */
  readonly shut: ShutHalves;
  /** The file that a path was, wherever it is by now; null: it has no path. Numbers of stat(2), of the inode the lower 32 bits. */
  readonly file: { readonly major: number; readonly minor: number; readonly inode: number } | null;
  /** Inodes of the sockets whose connection to this one waits to be accepted. */
  readonly pending: readonly number[];
  /** How many may wait so. listen(2) */
  readonly backlog: number;
}

/** RCV_SHUTDOWN and SEND_SHUTDOWN of the kernel's net/sock.h. */
export const shutHalves = [0, 1, 2, 3] as const;
export type ShutHalves = (typeof shutHalves)[number];

const AF_UNIX = 1;
/** What to show: name, file, peer, waiting connections, lengths of queues; and the attributes that have it. linux/unix_diag.h */
const show = 1 | 2 | 4 | 8 | 0x10;
const attribute = { name: 0, file: 1, peer: 2, pending: 3, queues: 4, shutdown: 6 } as const;
/** The kernel's own numbers of devices: 12 bits, then 20. linux/kdev_t.h */
const minorBits = 20;
const LISTEN = 10;
const requestLength = 24;
const answerLength = 16;

/** Every unix socket of this network namespace. */
export function unixSockets(): readonly UnixSocket[] {
  return askForSockets(unixQuestion);
}

/** struct unix_diag_req: all states, every socket. */
const unixQuestion: DiagQuestion<UnixSocket> = {
  get request() {
    const request = Buffer.alloc(requestLength);
    request.writeUInt8(AF_UNIX, 0);
    request.writeUInt32LE(0xffffffff, 4);
    request.writeUInt32LE(show, 12);
    return request;
  },
  answerLength,
  parse: parseSocket,
  key: ({ inode }) => inode,
};

/** Adds the sockets of one netlink datagram to `found`; answers whether more datagrams follow. */
export function parseUnixDiag(bytes: Uint8Array, found: UnixSocket[]): boolean {
  return parseSockets(bytes, unixQuestion, found);
}

/** struct unix_diag_msg and its attributes. */
function parseSocket(bytes: Uint8Array): UnixSocket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = diagAttributes(bytes, answerLength);
  const numbers = (which: keyof typeof attribute): readonly number[] => words(found.get(attribute[which]));
  const name = found.get(attribute.name) ?? new Uint8Array();
  const [fileInode, device] = numbers('file');
  const state = view.getUint8(2);
  return {
    type: view.getUint8(1),
    state,
    inode: view.getUint32(4, true),
    peer: numbers('peer')[0] ?? 0,
    name: unixName(name),
    address: addressOf(name),
    shut: shutHalves[found.get(attribute.shutdown)?.[0] ?? 0] ?? 0,
    file:
      fileInode === undefined || device === undefined
        ? null
        : { major: device >>> minorBits, minor: device & (2 ** minorBits - 1), inode: fileInode },
    pending: numbers('pending'),
    backlog: state === LISTEN ? (numbers('queues')[1] ?? 0) : 0,
  };
}

/** Numbers of 4 bytes, in the order of this machine. */
function words(bytes: Uint8Array | undefined): number[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >> 2 }, (_, at) => view.getUint32(at * 4, true));
}
