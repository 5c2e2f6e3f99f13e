import type { CriuOptsSchema, MessageInitShape } from '@criujs/images';

/** What an option's value is beside its type in the schema. */
type Special =
  /** A directory: a path or a descriptor of this process; CRIU looks it up in its caller. */
  | 'directory'
  /** A descriptor of this process that CRIU inherits. */
  | 'inherited';

/** One option of CRIU's RPC. */
export interface OptionRow {
  /** The name that a person would guess. CRIU's own name does as well, and so does that with dashes. */
  readonly name: string;
  /** The first release that has it; absent: every release that is served. images/rpc.proto of CRIU's releases. */
  readonly since?: string;
  readonly special?: Special;
  /** Set by the driver itself: how the user says it. */
  readonly instead?: string;
}

/** Every option of CRIU's RPC (images/rpc.proto, `criu_opts`), by the name that it has in the schema's types. */
const rows = {
  imagesDirFd: { name: 'imagesDirFd', instead: 'Give the image directory: -D (option `images`).' },
  pid: { name: 'pid', instead: 'Give the root of the tree: -t (option `pid`).' },
  leaveRunning: { name: 'leaveRunning', instead: 'Use --leave-running (option `leaveRunning`).' },
  extUnixSk: { name: 'externalUnixSockets' },
  tcpEstablished: { name: 'tcpEstablished' },
  evasiveDevices: { name: 'evasiveDevices' },
  shellJob: { name: 'shellJob' },
  fileLocks: { name: 'fileLocks' },
  logLevel: { name: 'logLevel' },
  logFile: { name: 'logFile' },
  ps: { name: 'pageServer', special: 'inherited' },
  notifyScripts: { name: 'notifyScripts', instead: 'It is always on: the driver follows CRIU by it.' },
  root: { name: 'root' },
  parentImg: { name: 'parentImages' },
  trackMem: { name: 'trackMemory' },
  autoDedup: { name: 'autoDeduplicate' },
  workDirFd: { name: 'workDirectory', special: 'directory' },
  linkRemap: { name: 'linkRemap' },
  veths: { name: 'vethPairs' },
  cpuCap: { name: 'cpuCapabilities' },
  forceIrmap: { name: 'forceIrmap' },
  execCmd: { name: 'execCommand' },
  extMnt: { name: 'externalMounts' },
  manageCgroups: { name: 'manageCgroups' },
  cgRoot: { name: 'cgroupRoots' },
  rstSibling: {
    name: 'restoreSibling',
    instead: 'Leave out --detach (option `detach`): the restored root is then our child.',
  },
  inheritFd: { name: 'inheritDescriptors', special: 'inherited' },
  autoExtMnt: { name: 'autoExternalMounts' },
  extSharing: { name: 'externalSharing' },
  extMasters: { name: 'externalMasters' },
  skipMnt: { name: 'skipMounts' },
  enableFs: { name: 'enableFilesystems' },
  unixSkIno: { name: 'externalUnixSocketInodes' },
  manageCgroupsMode: { name: 'manageCgroupsMode' },
  ghostLimit: { name: 'ghostLimit' },
  irmapScanPaths: { name: 'irmapScanPaths' },
  external: { name: 'external' },
  emptyNs: { name: 'emptyNamespaces' },
  joinNs: { name: 'joinNamespaces' },
  cgroupProps: { name: 'cgroupProperties' },
  cgroupPropsFile: { name: 'cgroupPropertiesFile' },
  cgroupDumpController: { name: 'cgroupDumpControllers' },
  freezeCgroup: { name: 'freezeCgroup' },
  timeout: { name: 'timeout' },
  tcpSkipInFlight: { name: 'tcpSkipInFlight' },
  weakSysctls: { name: 'weakSysctls' },
  lazyPages: { name: 'lazyPages' },
  statusFd: { name: 'statusDescriptor' },
  orphanPtsMaster: { name: 'orphanPtsMaster' },
  configFile: { name: 'configFile' },
  tcpClose: { name: 'tcpClose' },
  lsmProfile: { name: 'lsmProfile' },
  tlsCacert: { name: 'tlsCaCertificate' },
  tlsCacrl: { name: 'tlsCaRevocationList' },
  tlsCert: { name: 'tlsCertificate' },
  tlsKey: { name: 'tlsKey' },
  tls: { name: 'tls' },
  tlsNoCnVerify: { name: 'tlsNoCommonNameCheck' },
  cgroupYard: { name: 'cgroupYard' },
  preDumpMode: { name: 'preDumpMode' },
  pidfdStoreSk: { name: 'pidfdStoreSocket' },
  lsmMountContext: { name: 'lsmMountContext' },
  networkLock: { name: 'networkLock' },
  mntnsCompatMode: { name: 'mountNamespaceCompatMode' },
  skipFileRwxCheck: { name: 'skipFileModeCheck', since: '3.18' },
  unprivileged: { name: 'unprivileged', since: '3.18' },
  imagesDir: { name: 'imagesDir', since: '3.19', instead: 'Give the image directory: -D (option `images`).' },
  leaveStopped: { name: 'leaveStopped', since: '3.19' },
  displayStats: { name: 'displayStats', since: '3.19' },
  logToStderr: { name: 'logToStderr', since: '3.19', instead: 'The driver reads the log itself: -v shows it.' },
} as const;

type Init = MessageInitShape<typeof CriuOptsSchema>;
type Rows = typeof rows;

/** An option's name in the schema's types: CRIU's own, without underscores. */
export type OptionKey = Exclude<keyof Init, '$typeName' | '$unknown'>;

type OwnKey = { [K in keyof Rows]: Rows[K] extends { readonly instead: string } ? K : never }[keyof Rows];
type ValueOf<K extends OptionKey> = K extends 'workDirFd' ? string | number : NonNullable<Init[K]>;

/**
 * Options of CRIU's RPC, by guessable or by CRIU's own name (`externalMounts` or `extMnt`). What the driver sets itself, such
 * as the image directory, is left out. Numbers of descriptors are those of this process.
 */
export type CriuRpcOptions = {
  readonly [K in Exclude<OptionKey, OwnKey> as K | Rows[K]['name']]?: ValueOf<K> | undefined;
};

/** The same table with plain rows. It is complete: the compiler wants a row for each field of the schema. */
export const optionTable: Readonly<Record<OptionKey, OptionRow>> = rows;
