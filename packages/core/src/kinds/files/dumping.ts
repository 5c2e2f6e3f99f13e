import type {
  EpollTargetRecord,
  ExternalRecord,
  InetQueueRecord,
  InetRecord,
  MembershipRecord,
  NetlinkRecord,
  NetworkLockRecord,
  PacketRecord,
  PidfdRecord,
  PipeRecord,
  RingRecord,
  SocketRecord,
  TerminalRecord,
  TimerRecord,
  UnixRecord,
} from '@criujs/engine-kit';
import type { FileOwner } from '@criujs/engine-kit/externals';
import type { EntryInit } from '@criujs/images';
import type { Hold } from '../../machinery/guard/holds.ts';
import type { Session } from '../../run/session.ts';
import type { HeldFile, Holder, Problem, SeenFile, Tree } from './held.ts';
import type { ImageWriter } from './side-images.ts';
import type { WaitingPacket } from './unix/queue.ts';

/** One open file of the tree while it is dumped, however many descriptors share it. */
export interface OpenFile {
  readonly id: number;
  /** The first descriptor that has it. */
  readonly seen: SeenFile;
  readonly holders: readonly Holder[];
  readonly owner: FileOwner;
  /** A descriptor of the engine's own, valid while it is dumped. It is made when it is first asked for. */
  readonly fd: number;
}

/** What criujs.json says of files while they are dumped. */
export interface FileRecords {
  readonly externals: ExternalRecord[];
  readonly sockets: SocketRecord[];
  readonly pipes: PipeRecord[];
  readonly timers: TimerRecord[];
  readonly pidfds: PidfdRecord[];
  readonly epollTargets: EpollTargetRecord[];
  readonly rings: RingRecord[];
  readonly unixSockets: UnixRecord[];
  readonly netlinks: NetlinkRecord[];
  readonly packets: PacketRecord[];
  readonly inetSockets: InetRecord[];
  readonly inetQueues: InetQueueRecord[];
  readonly memberships: MembershipRecord[];
  readonly terminals: TerminalRecord[];
  readonly networkLocks: NetworkLockRecord[];
  /** Ids of connections that are over and in which an error waits. */
  readonly failedConnections: number[];
}

/** What dumping one file may use. */
export interface DumpContext {
  readonly session: Session;
  readonly tree: Tree;
  /** Whether the dump ends the tree. */
  readonly endsTree: boolean;
  /** The id of the open file at a descriptor of the tree. */
  idOf(holder: Holder): number | undefined;
  /** Does something that is undone if the dump fails. Refusals come after it: what needs none to be there is done in `save`. */
  readonly hold: Hold;
  /** Adds an entry with the name, flags and owner of a file whose own has no place for them. @returns its id */
  addName(file: OpenFile): number | Problem;
  /** The same under a name that nothing else is compared with, such as that of a device. */
  addPlainName(file: OpenFile, name: string): number;
  /** What goes into criujs.json: what plugins took, and what CRIU's entries have no place for. */
  readonly records: FileRecords;
}

/** An entry of files.img before it is encoded. */
export type FileInit = EntryInit<'FILES'>;

/** The part of a `file_entry` that differs by kind, for example `{ reg: … }`. */
export type FilePayload = Omit<FileInit, 'type' | 'id' | '$typeName' | '$unknown'>;

/** A file of a kind that has been dumped. */
export interface SavedFile {
  readonly entry: FileInit & { readonly id: number };
  readonly file: HeldFile;
  /** The first descriptor that has it; null: it is a program, a directory or memory. */
  readonly holder: Holder | null;
}

/** What saving all files of a kind may use. */
export interface SaveContext {
  readonly tree: Tree;
  readonly images: ImageWriter;
  readonly records: FileRecords;
  /** An id that no entry of files.img has yet. */
  nextId(): number;
  /** The id of the open file at a descriptor of the tree, or of the engine's where it is on its way through a socket. */
  idOf(holder: Holder): number | undefined;
  readonly session: Pick<Session, 'warn'>;
  /** What waits in the unix socket with this inode. */
  packetsOf(inode: number): readonly WaitingPacket[];
  /** Adds an entry in front of those of open files: CRIU resolves references when it reads them. */
  addFirst(entry: FileInit): void;
  /** Does something that is undone if the dump fails. */
  readonly hold: Hold;
}
