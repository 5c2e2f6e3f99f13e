import type { DescMessage } from '@bufbuild/protobuf';
import {
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
import type { ImageKind } from './schemas.ts';

/** First word of nearly every image. */
export const commonMagic = 0x54564319;
/** First word of images about CRIU's own work. */
export const serviceMagic = 0x55105940;

/** How many bytes follow a message. */
export interface After {
  /** The sum of these fields of the message; or all that is left of the image. */
  readonly fields: readonly string[] | 'rest';
  /** Bytes for each that the fields count; 1. */
  readonly unit?: number;
  /** The length is rounded up to a multiple of this. */
  readonly pad?: number;
  /** Nothing follows where this field is true. */
  readonly unless?: string;
}

/** A message with a 32-bit length before it, and what follows it. */
export interface EntryFormat {
  readonly schema: DescMessage;
  readonly after?: After;
}

/** Entries of a second type, behind each entry of the first. */
export interface GroupFormat extends EntryFormat {
  /** The field of the first entry that counts them; or all that is left of the image. */
  readonly count: string | 'rest';
  /** There are none unless this field is true. */
  readonly when?: string;
}

/** How a kind of image lies in its file. */
export interface ImageFormat {
  /** Pattern as of printf(3): %u and the like is an id, %x one in hexadecimal, %s a word. */
  readonly file: string | null;
  /** Words at the beginning, 32 bits each, little-endian. */
  readonly head: readonly number[];
  /** null: bytes of which this package knows no more. */
  readonly entry: EntryFormat | null;
  readonly group?: GroupFormat;
}

/** Every kind of image. To add one: its messages to proto/, a line to `ImageSchemas`, a row here. */
export const imageKinds: { readonly [K in ImageKind]: ImageFormat } = {
  // The dump as a whole
  INVENTORY: { file: 'inventory.img', head: [0x58313116], entry: { schema: InventoryEntrySchema } },
  STATS: { file: 'stats-%s', head: [serviceMagic, 0x57093306], entry: { schema: StatsEntrySchema } },
  CPUINFO: { file: 'cpuinfo.img', head: [commonMagic, 0x61404013], entry: { schema: CpuinfoEntrySchema } },

  // Tasks
  PSTREE: { file: 'pstree.img', head: [commonMagic, 0x50273030], entry: { schema: PstreeEntrySchema } },
  CORE: { file: 'core-%u.img', head: [commonMagic, 0x55053847], entry: { schema: CoreEntrySchema } },
  IDS: { file: 'ids-%u.img', head: [commonMagic, 0x54432030], entry: { schema: TaskKobjIdsEntrySchema } },
  CREDS: { file: 'creds-%u.img', head: [commonMagic, 0x54023547], entry: { schema: CredsEntrySchema } },
  FS: { file: 'fs-%u.img', head: [commonMagic, 0x51403912], entry: { schema: FsEntrySchema } },
  RLIMIT: { file: 'rlimit-%u.img', head: [commonMagic, 0x57113925], entry: { schema: RlimitEntrySchema } },
  SIGACT: { file: 'sigacts-%u.img', head: [commonMagic, 0x55344201], entry: { schema: SaEntrySchema } },
  SIGNAL: { file: 'signal-s-%u.img', head: [commonMagic, 0x59255647], entry: { schema: SiginfoEntrySchema } },
  PSIGNAL: { file: 'signal-p-%u.img', head: [commonMagic, 0x59255647], entry: { schema: SiginfoEntrySchema } },
  ITIMERS: { file: 'itimers-%u.img', head: [commonMagic, 0x57464056], entry: { schema: ItimerEntrySchema } },
  POSIX_TIMERS: {
    file: 'posix-timers-%u.img',
    head: [commonMagic, 0x52603957],
    entry: { schema: PosixTimerEntrySchema },
  },
  SECCOMP: { file: 'seccomp.img', head: [commonMagic, 0x64413049], entry: { schema: SeccompEntrySchema } },
  APPARMOR: { file: 'apparmor.img', head: [commonMagic, 0x59423047], entry: { schema: ApparmorEntrySchema } },
  CGROUP: { file: 'cgroup.img', head: [commonMagic, 0x59383330], entry: { schema: CgroupEntrySchema } },

  // Memory
  MM: { file: 'mm-%u.img', head: [commonMagic, 0x57492820], entry: { schema: MmEntrySchema } },
  VMAS: { file: 'vmas-%u.img', head: [commonMagic, 0x54123737], entry: { schema: VmaEntrySchema } },
  PAGEMAP: {
    file: 'pagemap-%lu.img',
    head: [commonMagic, 0x56084025],
    entry: { schema: PagemapHeadSchema },
    group: { schema: PagemapEntrySchema, count: 'rest' },
  },
  SHMEM_PAGEMAP: {
    file: 'pagemap-shmem-%lu.img',
    head: [commonMagic, 0x56084025],
    entry: { schema: PagemapHeadSchema },
    group: { schema: PagemapEntrySchema, count: 'rest' },
  },
  PAGES: { file: 'pages-%u.img', head: [], entry: null },
  PAGES_OLD: { file: 'pages-%d.img', head: [commonMagic, 0x56084025], entry: null },
  SHM_PAGES_OLD: { file: 'pages-shmem-%ld.img', head: [commonMagic, 0x56084025], entry: null },

  // Files
  FDINFO: { file: 'fdinfo-%u.img', head: [commonMagic, 0x56213732], entry: { schema: FdinfoEntrySchema } },
  FILES: { file: 'files.img', head: [commonMagic, 0x56303138], entry: { schema: FileEntrySchema } },
  FILE_LOCKS: { file: 'filelocks.img', head: [commonMagic, 0x54323616], entry: { schema: FileLockEntrySchema } },
  GHOST_FILE: {
    file: 'ghost-file-%x.img',
    head: [commonMagic, 0x52583605],
    entry: { schema: GhostFileEntrySchema, after: { fields: 'rest', unless: 'chunks' } },
    group: { schema: GhostChunkEntrySchema, after: { fields: ['len'] }, count: 'rest', when: 'chunks' },
  },
  REMAP_FPATH: {
    file: 'remap-fpath.img',
    head: [commonMagic, 0x59133954],
    entry: { schema: RemapFilePathEntrySchema },
  },
  IRMAP_CACHE: { file: 'irmap-cache', head: [serviceMagic, 0x57004059], entry: { schema: IrmapCacheEntrySchema } },
  MEMFD_INODE: { file: 'memfd.img', head: [commonMagic, 0x48453499], entry: { schema: MemfdInodeEntrySchema } },
  MEMFD_FILE: { file: null, head: [], entry: { schema: MemfdFileEntrySchema } },
  PIPES_DATA: {
    file: 'pipes-data.img',
    head: [commonMagic, 0x56453709],
    entry: { schema: PipeDataEntrySchema, after: { fields: ['bytes'] } },
  },
  FIFO_DATA: {
    file: 'fifo-data.img',
    head: [commonMagic, 0x59333054],
    entry: { schema: PipeDataEntrySchema, after: { fields: ['bytes'] } },
  },
  SK_QUEUES: {
    file: 'sk-queues.img',
    head: [commonMagic, 0x56264026],
    entry: { schema: SkPacketEntrySchema, after: { fields: ['length'] } },
  },
  TCP_STREAM: {
    file: 'tcp-stream-%x.img',
    head: [commonMagic, 0x51465506],
    entry: { schema: TcpStreamEntrySchema, after: { fields: ['inqLen', 'outqLen'] } },
  },
  TTY_INFO: { file: 'tty-info.img', head: [commonMagic, 0x59453036], entry: { schema: TtyInfoEntrySchema } },
  TTY_DATA: { file: 'tty-data.img', head: [commonMagic, 0x59413026], entry: { schema: TtyDataEntrySchema } },
  BPFMAP_DATA: {
    file: 'bpfmap-data.img',
    head: [commonMagic, 0x64324033],
    entry: { schema: BpfmapDataEntrySchema, after: { fields: ['keysBytes', 'valuesBytes'] } },
  },
  AUTOFS: { file: 'autofs-%u.img', head: [commonMagic, 0x49353943], entry: { schema: AutofsEntrySchema } },
  PIDFD: { file: 'pidfd.img', head: [commonMagic, 0x54435556], entry: { schema: PidfdEntrySchema } },

  // Files, before there was one list of them
  REG_FILES: { file: 'reg-files.img', head: [commonMagic, 0x50363636], entry: { schema: RegFileEntrySchema } },
  EXT_FILES: { file: 'ext-files.img', head: [commonMagic, 0x59255641], entry: { schema: ExtFileEntrySchema } },
  NS_FILES: { file: 'ns-files.img', head: [commonMagic, 0x61394011], entry: { schema: NsFileEntrySchema } },
  PIPES: { file: 'pipes.img', head: [commonMagic, 0x56513555], entry: { schema: PipeEntrySchema } },
  FIFO: { file: 'fifo.img', head: [commonMagic, 0x58364939], entry: { schema: FifoEntrySchema } },
  EVENTFD_FILE: { file: 'eventfd.img', head: [commonMagic, 0x44523722], entry: { schema: EventfdFileEntrySchema } },
  EVENTPOLL_FILE: {
    file: 'eventpoll.img',
    head: [commonMagic, 0x45023858],
    entry: { schema: EventpollFileEntrySchema },
  },
  EVENTPOLL_TFD: {
    file: 'eventpoll-tfd.img',
    head: [commonMagic, 0x44433746],
    entry: { schema: EventpollTfdEntrySchema },
  },
  SIGNALFD: { file: 'signalfd.img', head: [commonMagic, 0x57323820], entry: { schema: SignalfdEntrySchema } },
  TIMERFD: { file: 'timerfd.img', head: [commonMagic, 0x50493712], entry: { schema: TimerfdEntrySchema } },
  INOTIFY_FILE: { file: 'inotify.img', head: [commonMagic, 0x48424431], entry: { schema: InotifyFileEntrySchema } },
  INOTIFY_WD: { file: 'inotify-wd.img', head: [commonMagic, 0x54562009], entry: { schema: InotifyWdEntrySchema } },
  FANOTIFY_FILE: { file: 'fanotify.img', head: [commonMagic, 0x55096122], entry: { schema: FanotifyFileEntrySchema } },
  FANOTIFY_MARK: {
    file: 'fanotify-mark.img',
    head: [commonMagic, 0x56506035],
    entry: { schema: FanotifyMarkEntrySchema },
  },
  UNIXSK: { file: 'unixsk.img', head: [commonMagic, 0x54373943], entry: { schema: UnixSkEntrySchema } },
  INETSK: { file: 'inetsk.img', head: [commonMagic, 0x56443851], entry: { schema: InetSkEntrySchema } },
  PACKETSK: { file: 'packetsk.img', head: [commonMagic, 0x60454618], entry: { schema: PacketSockEntrySchema } },
  NETLINK_SK: { file: 'netlinksk.img', head: [commonMagic, 0x58005614], entry: { schema: NetlinkSkEntrySchema } },
  TTY_FILES: { file: 'tty.img', head: [commonMagic, 0x59433025], entry: { schema: TtyFileEntrySchema } },
  TUNFILE: { file: 'tunfile.img', head: [commonMagic, 0x57143751], entry: { schema: TunfileEntrySchema } },
  BPFMAP_FILE: { file: 'bpfmap-file.img', head: [commonMagic, 0x57506142], entry: { schema: BpfmapFileEntrySchema } },

  // Namespaces
  PIDNS: { file: 'pidns-%u.img', head: [commonMagic, 0x61157326], entry: { schema: PidnsEntrySchema } },
  USERNS: { file: 'userns-%u.img', head: [commonMagic, 0x55474906], entry: { schema: UsernsEntrySchema } },
  UTSNS: { file: 'utsns-%u.img', head: [commonMagic, 0x54473203], entry: { schema: UtsnsEntrySchema } },
  TIMENS: { file: 'timens-%u.img', head: [commonMagic, 0x43114433], entry: { schema: TimensEntrySchema } },
  IPC_VAR: { file: 'ipcns-var-%u.img', head: [commonMagic, 0x53115007], entry: { schema: IpcVarEntrySchema } },
  IPCNS_MSG: {
    file: 'ipcns-msg-%u.img',
    head: [commonMagic, 0x55453737],
    entry: { schema: IpcMsgEntrySchema },
    group: { schema: IpcMsgSchema, after: { fields: ['msize'], pad: 8 }, count: 'qnum' },
  },
  IPCNS_SEM: {
    file: 'ipcns-sem-%u.img',
    head: [commonMagic, 0x59573019],
    entry: { schema: IpcSemEntrySchema, after: { fields: ['nsems'], unit: 2, pad: 8 } },
  },
  IPCNS_SHM: {
    file: 'ipcns-shm-%u.img',
    head: [commonMagic, 0x46283044],
    entry: { schema: IpcShmEntrySchema, after: { fields: ['size'], pad: 4, unless: 'inPagemaps' } },
  },
  NETNS: { file: 'netns-%u.img', head: [commonMagic, 0x55933752], entry: { schema: NetnsEntrySchema } },
  NETDEV: { file: 'netdev-%u.img', head: [commonMagic, 0x57373951], entry: { schema: NetDeviceEntrySchema } },
  IFADDR: { file: 'ifaddr-%u.img', head: [], entry: null },
  ROUTE: { file: 'route-%u.img', head: [], entry: null },
  ROUTE6: { file: 'route6-%u.img', head: [], entry: null },
  RULE: { file: 'rule-%u.img', head: [], entry: null },
  IPTABLES: { file: 'iptables-%u.img', head: [], entry: null },
  IP6TABLES: { file: 'ip6tables-%u.img', head: [], entry: null },
  NFTABLES: { file: 'nftables-%u.img', head: [], entry: null },
  NETNF_CT: { file: 'netns-ct-%u.img', head: [], entry: null },
  NETNF_EXP: { file: 'netns-exp-%u.img', head: [], entry: null },
  MNTS: { file: 'mountpoints-%u.img', head: [commonMagic, 0x55563928], entry: { schema: MntEntrySchema } },
  TMPFS_IMG: { file: 'tmpfs-%u.tar.gz.img', head: [], entry: null },
  TMPFS_DEV: { file: 'tmpfs-dev-%u.tar.gz.img', head: [], entry: null },
  BINFMT_MISC: { file: 'binfmt-misc.img', head: [commonMagic, 0x67343323], entry: null },
  BINFMT_MISC_OLD: { file: 'binfmt-misc-%u.img', head: [commonMagic, 0x67343323], entry: null },
};
