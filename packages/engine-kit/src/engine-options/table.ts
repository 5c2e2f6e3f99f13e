import type { CriuOptsSchema, MessageInitShape } from '@criujs/images';
import type { OptionValues } from './values.ts';

/** What an option's value is. */
export interface ValueKinds {
  switch: boolean;
  /** Bytes. */
  size: number;
  /** One of several words. */
  choice: string | undefined;
  /** CRIU's names of resources. */
  externals: OptionValues['external'];
  descriptors: OptionValues['inheritFd'];
  cgroupRoots: OptionValues['cgroupRoot'];
  directory: OptionValues['cgroupYard'];
}

/** An option in a request to CRIU, where it has one. images/rpc.proto, `criu_opts` */
type RpcField = Exclude<keyof MessageInitShape<typeof CriuOptsSchema>, '$typeName' | '$unknown'>;

/** An option of dumps, of restores, or of both, whoever does the work. */
interface Row<K extends keyof ValueKinds> {
  readonly kind: K;
  /** How it is written on a command line. */
  readonly flag: `--${string}`;
  /** The same in one letter. */
  readonly letter?: `-${string}`;
  /** What its value is called in a usage line; absent: it has none. */
  readonly argument?: string;
  /** What it says to a dump, for `--help`; absent: a dump does not take it. */
  readonly dump?: string;
  /** The same for a restore. */
  readonly restore?: string;
  /** How CRIU's request names it; absent: CRIU has no such option. */
  readonly rpc?: RpcField;
  /** What it can be, with the numbers that CRIU's request has for these. */
  readonly choices?: Readonly<Record<string, number>>;
  /** What it is when its flag stands alone; absent: its flag wants a value. */
  readonly preset?: string;
  /** What it is when nobody gives it; absent: false, or an empty list. */
  readonly absent?: ValueKinds[K];
}

/** The kind of a value of this type. */
type KindOf<V> = [V] extends [string | undefined]
  ? 'choice'
  : { [K in keyof ValueKinds]: ValueKinds[K] extends V ? K : never }[keyof ValueKinds];

/**
 * Every option that engines take: the front fills in and checks what it is given by this, the command line makes its flags of it, and
 * the bridge its request to CRIU.
 */
const table = {
  ghostLimit: {
    kind: 'size',
    flag: '--ghost-limit',
    argument: '<size>',
    absent: 1_048_576,
    rpc: 'ghostLimit',
    dump: 'keep deleted files of up to this size in the images: bytes, or 64K, 8M, 1G (default: 1M)',
  },
  linkRemap: {
    kind: 'switch',
    flag: '--link-remap',
    rpc: 'linkRemap',
    dump: 'give a file that lost its name, and has others, a new one beside it (link_remap.N), which the restore removes',
  },
  fileLocks: {
    kind: 'switch',
    flag: '--file-locks',
    letter: '-l',
    rpc: 'fileLocks',
    dump: 'keep the locks and leases of files, which a restore with --file-locks takes again',
    restore: 'take the locks and leases of files again that the images hold',
  },
  shellJob: {
    kind: 'switch',
    flag: '--shell-job',
    letter: '-j',
    rpc: 'shellJob',
    dump: 'allow a terminal that is shown by a program outside of the tree, as a job of a shell has it',
    restore: 'give the job of a shell the terminal of this command',
  },
  extUnixSk: {
    kind: 'switch',
    flag: '--ext-unix-sk',
    letter: '-x',
    rpc: 'extUnixSk',
    dump: 'allow datagram sockets that lead to names outside of the tree, such as /dev/log',
    restore: 'connect datagram sockets again to names outside of the tree',
  },
  tcpEstablished: {
    kind: 'switch',
    flag: '--tcp-established',
    rpc: 'tcpEstablished',
    dump: 'keep established TCP connections; their packets are dropped until a restore with --tcp-established, or `criujs network unlock`',
    restore: 'make established TCP connections again',
  },
  tcpClose: {
    kind: 'switch',
    flag: '--tcp-close',
    rpc: 'tcpClose',
    dump: 'take TCP connections as closed ones',
    restore: 'make TCP connections as closed ones',
  },
  skipInFlight: {
    kind: 'switch',
    flag: '--skip-in-flight',
    rpc: 'tcpSkipInFlight',
    dump: 'leave TCP connections out that wait to be accepted',
  },
  networkLock: {
    kind: 'choice',
    flag: '--network-lock',
    argument: '<method>',
    rpc: 'networkLock',
    // criu_network_lock_method
    choices: { iptables: 1, nftables: 2, skip: 3 },
    dump: 'how packets of connections are dropped (default: nftables, or iptables where the kernel has no nf_tables); skip: you have seen to it',
  },
  external: {
    kind: 'externals',
    flag: '--external',
    argument: '<type[id]>',
    rpc: 'external',
    dump: 'leave a resource to whoever restores: pipe[INO] is a pipe with an end outside of the tree; may be repeated',
  },
  inheritFd: {
    kind: 'descriptors',
    flag: '--inherit-fd',
    argument: '<fd[N]:file>',
    rpc: 'inheritFd',
    restore: 'put descriptor N of this command in the place of a file: pipe:[INO], or a path; may be repeated',
  },
  manageCgroups: {
    kind: 'choice',
    // criu_cg_mode
    choices: { none: 1, props: 2, soft: 3, full: 4, strict: 5, ignore: 0 },
    preset: 'soft',
    flag: '--manage-cgroups',
    argument: '[mode]',
    rpc: 'manageCgroupsMode',
    dump: 'keep the control groups of the tree with their properties, which a restore with it makes again',
    restore: 'make control groups that are gone: none, props, soft, full, strict or ignore, as in criu (default: soft)',
  },
  cgroupRoot: {
    kind: 'cgroupRoots',
    flag: '--cgroup-root',
    argument: '<[controller:]/path>',
    rpc: 'cgRoot',
    dump: 'where control groups begin that are kept; may be repeated',
    restore: 'where control groups are made instead of where they were; may be repeated',
  },
  cgroupYard: {
    kind: 'directory',
    flag: '--cgroup-yard',
    argument: '<directory>',
    rpc: 'cgroupYard',
    dump: 'a directory with the hierarchies of control groups, instead of where they are mounted',
    restore: 'the same as for a dump',
  },
  newPids: {
    kind: 'switch',
    flag: '--new-pids',
    restore: 'let the kernel choose the pids; needs no privileges',
  },
  allowClockBehind: {
    kind: 'switch',
    flag: '--allow-clock-behind',
    restore: 'restore even if the monotonic clock is behind (after a reboot) and cannot be set for the program',
  },
  allowGrownFiles: {
    kind: 'switch',
    flag: '--allow-grown-files',
    restore: 'restore even if files that the program has open have grown',
  },
} as const;

/** The name of an option, as a property. */
export type OptionName = keyof OptionValues;

/** What takes options. */
export type OptionStage = 'dump' | 'restore';

type NamesOf<S extends OptionStage> = {
  [N in OptionName]: (typeof table)[N] extends Readonly<Record<S, string>> ? N : never;
}[OptionName];

/** All options of a dump or of a restore, as engines get them. */
export type EngineOptions<S extends OptionStage> = Pick<OptionValues, NamesOf<S>>;

/** The same as users give them. */
export type GivenOptions<S extends OptionStage> = {
  readonly [N in keyof EngineOptions<S>]?: EngineOptions<S>[N] | undefined;
};

/** A row with its name. */
export type OptionRow = { [K in keyof ValueKinds]: Row<K> & { readonly name: OptionName } }[keyof ValueKinds];

/** The compiler wants a row for each option, with the kind of its value. */
const rows: { readonly [N in OptionName]: Row<KindOf<OptionValues[N]>> } = table;

const named = Object.entries(rows).map(([name, row]) => ({ ...row, name }) as OptionRow);

/** The rows of a stage, in the order of the table. */
export function optionRows(stage: OptionStage): readonly OptionRow[] {
  return named.filter((row) => row[stage] !== undefined);
}
