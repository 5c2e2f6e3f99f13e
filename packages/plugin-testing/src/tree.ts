import type { Socket } from 'node:net';
import { devNull } from 'node:os';
import {
  type DeviceNumber,
  type DumpedFile,
  type FileId,
  type FileKind,
  fileId,
  type Holder,
  type MountId,
  mountId,
  type Pid,
  pid,
  type SignalOwner,
  type SocketInode,
  socketInode,
  type UnixSocketInfo,
} from '@criujs/plugin-sdk';
import { KitError } from './errors.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { type Service, startService } from './service.ts';
import { makeStandIn } from './stand-in.ts';

/** A process and the number by which it holds a file. */
export interface HolderOptions {
  readonly pid: number;
  readonly fd: number;
}

/** A process of the tree; the first is the root. */
export interface ProcessOptions {
  readonly pid: number;
  /** Its name. Default `pretend`. */
  readonly command?: string | undefined;
}

/** An external file: open somewhere in the tree, and of no kind that an engine knows. */
export interface FileOptions {
  /** What plugins are told. Default: the path of the stand-in, so that a plugin can open it again. */
  readonly path?: string | null | undefined;
  /** Default: `regular` with content, else `character`. */
  readonly kind?: FileKind | undefined;
  /** Default for devices: 240, counted up; that range is nobody's (LOCAL/EXPERIMENTAL USE). */
  readonly rdev?: DeviceNumber | null | undefined;
  readonly inode?: number | bigint | undefined;
  /** Flags of open(2), in the numbers of Linux. Default 2: read and write. */
  readonly flags?: number | undefined;
  readonly position?: number | bigint | undefined;
  readonly owner?: SignalOwner | null | undefined;
  /** Default: the root, with the next free number. */
  readonly holders?: readonly HolderOptions[] | undefined;
  /** What can be read through the descriptor: the stand-in is a plain file then. */
  readonly content?: string | Uint8Array | undefined;
  /** Opens a real file in place of the stand-in; the kit closes it. */
  readonly open?: (() => number) | undefined;
}

/** A unix socket that is connected to a service outside of the tree. */
export interface SocketOptions {
  readonly type?: UnixSocketInfo['type'] | undefined;
  readonly name?: string | null | undefined;
  /** Default: the path of a service that the kit runs, so that a plugin can connect again. */
  readonly peerName?: string | null | undefined;
  readonly state?: UnixSocketInfo['state'] | undefined;
  readonly flags?: number | undefined;
  readonly inode?: number | undefined;
  readonly holders?: readonly HolderOptions[] | undefined;
  /** What the kit's service does with a connection. Default: it listens. */
  readonly serve?: ((connection: Socket) => void) | undefined;
}

/** A mount from outside of the tree. */
export interface MountOptions {
  readonly mountpoint: string;
  readonly id?: number | undefined;
}

/** A network link. */
export interface LinkOptions {
  readonly kind: string;
  readonly index?: number | undefined;
  /** ARPHRD; default 1, Ethernet. */
  readonly type?: number | undefined;
}

/** A device that is mapped into memory. */
export interface MapOptions {
  readonly path?: string | undefined;
  /** Default: the root. */
  readonly pid?: number | undefined;
  readonly address?: bigint | undefined;
  /** In bytes. */
  readonly offset?: bigint | undefined;
  readonly rdev?: DeviceNumber | undefined;
}

/** What a pretend tree is made of. */
export interface PretendTreeOptions {
  readonly processes?: readonly ProcessOptions[] | undefined;
  readonly files?: readonly FileOptions[] | undefined;
  readonly sockets?: readonly SocketOptions[] | undefined;
  readonly mounts?: readonly MountOptions[] | undefined;
  readonly links?: readonly LinkOptions[] | undefined;
  readonly maps?: readonly MapOptions[] | undefined;
}

export interface PretendProcess {
  readonly pid: Pid;
  readonly command: string;
}

export interface PretendFile {
  readonly id: FileId;
  /** As a dumping hook is told. */
  readonly file: DumpedFile;
  /** The real file behind it; null where the test opens it. */
  readonly standIn: string | null;
  /** A new descriptor each time, which the caller closes. */
  open(): number;
}

export interface PretendSocket {
  /** As a dumping hook is told. */
  readonly socket: UnixSocketInfo;
  readonly inode: SocketInode;
  /** The service at the other end. */
  readonly service: Service;
}

export interface PretendMount {
  readonly id: MountId;
  readonly mountpoint: string;
}

export interface PretendLink {
  readonly index: number;
  readonly type: number;
  readonly kind: string;
}

export interface PretendMap {
  readonly pid: Pid;
  readonly path: string;
  readonly address: bigint;
  readonly offset: bigint;
  readonly rdev: DeviceNumber;
  /** As {@link PretendFile.open}. */
  open(): number;
}

/** Processes that are none, with files that are real. Close it, or hold it with `await using`. */
export interface PretendTree extends AsyncDisposable {
  readonly processes: readonly [PretendProcess, ...PretendProcess[]];
  readonly files: readonly PretendFile[];
  readonly sockets: readonly PretendSocket[];
  readonly mounts: readonly PretendMount[];
  readonly links: readonly PretendLink[];
  readonly maps: readonly PretendMap[];
  /** A temporary folder for stand-ins; a test may put more into it. */
  readonly folder: string;
  /** Ends services and removes what stands in for files. */
  close(): Promise<void>;
}

/** Major number of pretend devices: set aside for local use. */
const pretendMajor = 240;

/**
 * A pretend process tree: real descriptors where the platform gives them, pretend device numbers. Nothing in it needs
 * rights or hardware.
 * @throws KitError BAD_TREE; RangeError for a number that is none of its kind
 */
export async function pretendTree(options: PretendTreeOptions = {}): Promise<PretendTree> {
  const processes = processesOf(options.processes ?? []);
  const folder = makeScratch();
  const holders = holdersOf(processes);
  const services: Service[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(services.splice(0).map((it) => it.close()));
    removeScratch(folder);
  };
  try {
    const mounts = (options.mounts ?? []).map(({ id, mountpoint }, at) => ({
      id: mountId(id ?? 300 + at),
      mountpoint,
    }));
    refuseTwice(mounts.map((it) => `mount ${it.id}`));
    const files = (options.files ?? []).map((it, at) => fileOf(it, at, folder, holders));
    const sockets: PretendSocket[] = [];
    for (const [at, it] of (options.sockets ?? []).entries()) {
      const service = await startService(folder, `s${at}`, it.serve);
      services.push(service);
      sockets.push(socketOf(it, at, service, holders));
    }
    refuseTwice(sockets.map((it) => `socket ${it.inode}`));
    return {
      processes,
      files,
      sockets,
      mounts,
      links: (options.links ?? []).map(({ index = 0, type = 1, kind }, at) => ({ index: index || at + 2, type, kind })),
      maps: (options.maps ?? []).map((it, at) => mapOf(it, at, folder, processes)),
      folder,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function processesOf(options: readonly ProcessOptions[]): PretendTree['processes'] {
  const [root = { pid: pid(4242), command: 'pretend' }, ...others] = options.map((it) => ({
    pid: pid(it.pid),
    command: it.command ?? 'pretend',
  }));
  const all = [root, ...others] as const;
  refuseTwice(all.map((it) => `process ${it.pid}`));
  return [...all];
}

type GiveHolders = (wanted: readonly HolderOptions[] | undefined) => readonly Holder[];

/** Checks holders and hands out numbers: one number of a process holds one file. */
function holdersOf(processes: PretendTree['processes']): GiveHolders {
  const taken = new Set<string>();
  return (wanted) => {
    const root = processes[0].pid;
    let next = 3;
    while (taken.has(`${root} ${next}`)) next += 1;
    return (wanted ?? [{ pid: root, fd: next }]).map(({ pid: number, fd }) => {
      const key = `${number} ${fd}`;
      if (processes.every((it) => it.pid !== number)) {
        throw badTree(`process ${number} holds a file and is not in the tree`, 'Add it to processes.');
      }
      if (taken.has(key)) {
        throw badTree(`descriptor ${fd} of process ${number} holds two files`, 'Give each file a number of its own.');
      }
      taken.add(key);
      return { pid: pid(number), fd };
    });
  };
}

function fileOf(options: FileOptions, at: number, folder: string, holders: GiveHolders): PretendFile {
  const { content, position = 0, flags = 2, owner = null, inode = 1000 + at } = options;
  const kind = options.kind ?? (content === undefined ? 'character' : 'regular');
  const isDevice = kind === 'character' || kind === 'block';
  const standIn =
    options.open === undefined
      ? makeStandIn({ kind, content, folder, name: `f${at}` })
      : { path: null, open: options.open };
  return {
    id: fileId(at + 1),
    file: {
      path: options.path === undefined ? standIn.path : options.path,
      kind,
      rdev: options.rdev ?? (isDevice ? { major: pretendMajor, minor: at } : null),
      inode,
      flags,
      position,
      owner,
      holders: holders(options.holders),
    },
    standIn: standIn.path,
    open: () => standIn.open(flags, position),
  };
}

function socketOf(options: SocketOptions, at: number, service: Service, holders: GiveHolders): PretendSocket {
  const { type = 'stream', name = null, state = 'connected', flags = 2, inode = 70_000 + at } = options;
  return {
    inode: socketInode(inode),
    socket: {
      type,
      name,
      peerName: options.peerName === undefined ? service.path : options.peerName,
      state,
      flags,
      holders: holders(options.holders),
    },
    service,
  };
}

function mapOf(options: MapOptions, at: number, folder: string, processes: PretendTree['processes']): PretendMap {
  const { path = devNull, address = 0x7f00_0000_0000n + BigInt(at) * 0x1000_0000n, offset = 0n } = options;
  const owner = pid(options.pid ?? processes[0].pid);
  if (processes.every((it) => it.pid !== owner)) {
    throw badTree(`process ${owner} maps ${path} and is not in the tree`, 'Add it to processes.');
  }
  const standIn = makeStandIn({ kind: 'character', content: undefined, folder, name: `m${at}` });
  return {
    pid: owner,
    path,
    address,
    offset,
    rdev: options.rdev ?? { major: pretendMajor, minor: 100 + at },
    open: () => standIn.open(0, 0),
  };
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw badTree(`${twice} is in the tree twice`, 'Give each a number of its own.');
}

function badTree(message: string, remedy: string): KitError {
  return new KitError('BAD_TREE', message, { remedy });
}
