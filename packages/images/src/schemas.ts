import type { DescMessage, MessageInitShape, MessageValidType } from '@bufbuild/protobuf';
import type {
  ApparmorEntrySchema,
  AutofsEntrySchema,
  BpfmapDataEntrySchema,
  BpfmapFileEntrySchema,
  CgroupEntrySchema,
  CoreEntrySchema,
  CpuinfoEntrySchema,
  CredsEntrySchema,
  EventfdFileEntrySchema,
  EventpollFileEntrySchema,
  EventpollTfdEntrySchema,
  ExtFileEntrySchema,
  FanotifyFileEntrySchema,
  FanotifyMarkEntrySchema,
  FdinfoEntrySchema,
  FifoEntrySchema,
  FileEntrySchema,
  FileLockEntrySchema,
  FsEntrySchema,
  GhostChunkEntrySchema,
  GhostFileEntrySchema,
  InetSkEntrySchema,
  InotifyFileEntrySchema,
  InotifyWdEntrySchema,
  InventoryEntrySchema,
  IpcMsgEntrySchema,
  IpcMsgSchema,
  IpcSemEntrySchema,
  IpcShmEntrySchema,
  IpcVarEntrySchema,
  IrmapCacheEntrySchema,
  ItimerEntrySchema,
  MemfdFileEntrySchema,
  MemfdInodeEntrySchema,
  MmEntrySchema,
  MntEntrySchema,
  NetDeviceEntrySchema,
  NetlinkSkEntrySchema,
  NetnsEntrySchema,
  NsFileEntrySchema,
  PacketSockEntrySchema,
  PagemapEntrySchema,
  PagemapHeadSchema,
  PidfdEntrySchema,
  PidnsEntrySchema,
  PipeDataEntrySchema,
  PipeEntrySchema,
  PosixTimerEntrySchema,
  PstreeEntrySchema,
  RegFileEntrySchema,
  RemapFilePathEntrySchema,
  RlimitEntrySchema,
  SaEntrySchema,
  SeccompEntrySchema,
  SiginfoEntrySchema,
  SignalfdEntrySchema,
  SkPacketEntrySchema,
  StatsEntrySchema,
  TaskKobjIdsEntrySchema,
  TcpStreamEntrySchema,
  TimensEntrySchema,
  TimerfdEntrySchema,
  TtyDataEntrySchema,
  TtyFileEntrySchema,
  TtyInfoEntrySchema,
  TunfileEntrySchema,
  UnixSkEntrySchema,
  UsernsEntrySchema,
  UtsnsEntrySchema,
  VmaEntrySchema,
} from './gen/names.ts';

/** The messages that each kind of image holds; null where it holds no messages, only bytes. */
export interface ImageSchemas {
  /** The dump as a whole; written last. */
  readonly INVENTORY: typeof InventoryEntrySchema;
  /** What a dump or a restore cost. */
  readonly STATS: typeof StatsEntrySchema;
  /** What the processor could do. */
  readonly CPUINFO: typeof CpuinfoEntrySchema;

  /** The tree of tasks. */
  readonly PSTREE: typeof PstreeEntrySchema;
  /** Registers and state of one thread. */
  readonly CORE: typeof CoreEntrySchema;
  /** Which kernel objects a task shares. */
  readonly IDS: typeof TaskKobjIdsEntrySchema;
  /** Credentials of a task. */
  readonly CREDS: typeof CredsEntrySchema;
  /** Working directory, root and mask of a task. */
  readonly FS: typeof FsEntrySchema;
  /** Limits of a task. */
  readonly RLIMIT: typeof RlimitEntrySchema;
  /** Signal handlers of a task. */
  readonly SIGACT: typeof SaEntrySchema;
  /** Signals that wait for a thread. */
  readonly SIGNAL: typeof SiginfoEntrySchema;
  /** Signals that wait for a process. */
  readonly PSIGNAL: typeof SiginfoEntrySchema;
  /** Interval timers of a task. */
  readonly ITIMERS: typeof ItimerEntrySchema;
  /** Timers of a task. */
  readonly POSIX_TIMERS: typeof PosixTimerEntrySchema;
  /** System call filters. */
  readonly SECCOMP: typeof SeccompEntrySchema;
  /** AppArmor profiles that were loaded. */
  readonly APPARMOR: typeof ApparmorEntrySchema;
  /** Control groups. */
  readonly CGROUP: typeof CgroupEntrySchema;

  /** An address space. */
  readonly MM: typeof MmEntrySchema;
  /** Memory maps of a task in releases that did not keep them in MM. */
  readonly VMAS: typeof VmaEntrySchema;
  /** Which pages of an address space are in which pages image. */
  readonly PAGEMAP: typeof PagemapHeadSchema | typeof PagemapEntrySchema;
  /** Which pages of shared memory are in which pages image. */
  readonly SHMEM_PAGEMAP: typeof PagemapHeadSchema | typeof PagemapEntrySchema;
  /** Contents of pages. */
  readonly PAGES: null;
  /** Pages of early releases. */
  readonly PAGES_OLD: null;
  /** Shared pages of early releases. */
  readonly SHM_PAGES_OLD: null;

  /** A table of descriptors. */
  readonly FDINFO: typeof FdinfoEntrySchema;
  /** All open files. */
  readonly FILES: typeof FileEntrySchema;
  /** Locks on files. */
  readonly FILE_LOCKS: typeof FileLockEntrySchema;
  /** A file without a name: `data`, or chunks with theirs. */
  readonly GHOST_FILE: typeof GhostFileEntrySchema | typeof GhostChunkEntrySchema;
  /** Files that are opened by another path. */
  readonly REMAP_FPATH: typeof RemapFilePathEntrySchema;
  /** Paths of inodes that were looked up. */
  readonly IRMAP_CACHE: typeof IrmapCacheEntrySchema;
  /** Memory behind memfd files. */
  readonly MEMFD_INODE: typeof MemfdInodeEntrySchema;
  /** Never a file of its own: these entries are in FILES. */
  readonly MEMFD_FILE: typeof MemfdFileEntrySchema;
  /** What waits in pipes: `data`. */
  readonly PIPES_DATA: typeof PipeDataEntrySchema;
  /** What waits in named pipes: `data`. */
  readonly FIFO_DATA: typeof PipeDataEntrySchema;
  /** Packets in receive queues: `data`. */
  readonly SK_QUEUES: typeof SkPacketEntrySchema;
  /** A TCP connection; `data` is what was received, then what was to be sent. */
  readonly TCP_STREAM: typeof TcpStreamEntrySchema;
  /** Terminal devices. */
  readonly TTY_INFO: typeof TtyInfoEntrySchema;
  /** Unread input of terminals. */
  readonly TTY_DATA: typeof TtyDataEntrySchema;
  /** Contents of BPF maps; `data` is all keys, then all values. */
  readonly BPFMAP_DATA: typeof BpfmapDataEntrySchema;
  /** Automount points. */
  readonly AUTOFS: typeof AutofsEntrySchema;
  /** pidfds. */
  readonly PIDFD: typeof PidfdEntrySchema;

  /** Regular files in releases that had no common list of files. */
  readonly REG_FILES: typeof RegFileEntrySchema;
  /** Files of plugins, likewise. */
  readonly EXT_FILES: typeof ExtFileEntrySchema;
  /** Namespace files in releases that had no common list of files. */
  readonly NS_FILES: typeof NsFileEntrySchema;
  /** Pipes in releases that had no common list of files. */
  readonly PIPES: typeof PipeEntrySchema;
  /** Named pipes in releases that had no common list of files. */
  readonly FIFO: typeof FifoEntrySchema;
  /** eventfds in releases that had no common list of files. */
  readonly EVENTFD_FILE: typeof EventfdFileEntrySchema;
  /** epoll instances, likewise. */
  readonly EVENTPOLL_FILE: typeof EventpollFileEntrySchema;
  /** What epoll instances watch, likewise. */
  readonly EVENTPOLL_TFD: typeof EventpollTfdEntrySchema;
  /** signalfds in releases that had no common list of files. */
  readonly SIGNALFD: typeof SignalfdEntrySchema;
  /** timerfds in releases that had no common list of files. */
  readonly TIMERFD: typeof TimerfdEntrySchema;
  /** inotify instances, likewise. */
  readonly INOTIFY_FILE: typeof InotifyFileEntrySchema;
  /** Watches of inotify instances, likewise. */
  readonly INOTIFY_WD: typeof InotifyWdEntrySchema;
  /** fanotify groups, likewise. */
  readonly FANOTIFY_FILE: typeof FanotifyFileEntrySchema;
  /** Marks of fanotify groups, likewise. */
  readonly FANOTIFY_MARK: typeof FanotifyMarkEntrySchema;
  /** Unix sockets in releases that had no common list of files. */
  readonly UNIXSK: typeof UnixSkEntrySchema;
  /** Internet sockets in releases that had no common list of files. */
  readonly INETSK: typeof InetSkEntrySchema;
  /** Packet sockets, likewise. */
  readonly PACKETSK: typeof PacketSockEntrySchema;
  /** Netlink sockets in releases that had no common list of files. */
  readonly NETLINK_SK: typeof NetlinkSkEntrySchema;
  /** Open terminals in releases that had no common list of files. */
  readonly TTY_FILES: typeof TtyFileEntrySchema;
  /** tun files in releases that had no common list of files. */
  readonly TUNFILE: typeof TunfileEntrySchema;
  /** BPF maps in releases that had no common list of files. */
  readonly BPFMAP_FILE: typeof BpfmapFileEntrySchema;

  /** A pid namespace. */
  readonly PIDNS: typeof PidnsEntrySchema;
  /** A user namespace. */
  readonly USERNS: typeof UsernsEntrySchema;
  /** Host and domain name. */
  readonly UTSNS: typeof UtsnsEntrySchema;
  /** A time namespace. */
  readonly TIMENS: typeof TimensEntrySchema;
  /** Limits of an IPC namespace. */
  readonly IPC_VAR: typeof IpcVarEntrySchema;
  /** Message queues, each followed by its messages with their text as `data`, padding included. */
  readonly IPCNS_MSG: typeof IpcMsgEntrySchema | typeof IpcMsgSchema;
  /** Semaphore sets; `data` is 16 bits each, padding included. */
  readonly IPCNS_SEM: typeof IpcSemEntrySchema;
  /** Shared memory segments; `data` is their contents, padding included, unless in pagemaps. */
  readonly IPCNS_SHM: typeof IpcShmEntrySchema;
  /** Settings of a network namespace. */
  readonly NETNS: typeof NetnsEntrySchema;
  /** Links of a network namespace. */
  readonly NETDEV: typeof NetDeviceEntrySchema;
  /** Addresses of a network namespace, as netlink dumps them. */
  readonly IFADDR: null;
  /** Routes, as ip saves them. */
  readonly ROUTE: null;
  /** IPv6 routes, as ip saves them. */
  readonly ROUTE6: null;
  /** Routing rules, as ip saves them. */
  readonly RULE: null;
  /** Output of iptables-save. */
  readonly IPTABLES: null;
  /** Output of ip6tables-save. */
  readonly IP6TABLES: null;
  /** Output of nft. */
  readonly NFTABLES: null;
  /** Tracked connections, as netlink dumps them. */
  readonly NETNF_CT: null;
  /** Expected connections, as netlink dumps them. */
  readonly NETNF_EXP: null;
  /** Mount points of a namespace. */
  readonly MNTS: typeof MntEntrySchema;
  /** A tmpfs as a compressed archive. */
  readonly TMPFS_IMG: null;
  /** A devtmpfs as a compressed archive. */
  readonly TMPFS_DEV: null;
  /** Registered binary formats. */
  readonly BINFMT_MISC: null;
  /** Registered binary formats, a file a mount, as early releases wrote them. */
  readonly BINFMT_MISC_OLD: null;
}

/** Names of the kinds of images, as CRIU has them. */
export type ImageKind = keyof ImageSchemas;

/** What a decoded image of a kind holds: required fields are there. */
export type EntryOf<K extends ImageKind> = ValidOf<ImageSchemas[K]>;

/** What an image of a kind is made of: a message, or an object with its fields. */
export type EntryInit<K extends ImageKind> = InitOf<ImageSchemas[K]>;

type ValidOf<S> = S extends DescMessage ? MessageValidType<S> : null;
type InitOf<S> = S extends DescMessage ? MessageInitShape<S> : null;

/** One message of an image. */
export interface ImageRecord<K extends ImageKind> {
  /** null where the kind holds no messages. */
  readonly message: EntryOf<K>;
  /** The bytes that follow the message, for kinds that have such. */
  readonly data?: Uint8Array;
}

/** One message to be written. */
export interface ImageRecordInit<K extends ImageKind> {
  readonly message: EntryInit<K>;
  readonly data?: Uint8Array | undefined;
}
