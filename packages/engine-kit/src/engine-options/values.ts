/** A descriptor of this process that takes the place of a file of the images. */
export interface InheritedFd {
  readonly fd: number;
  /**
   * CRIU's name of the file: `pipe:[INO]`, or the path of a file, with or without its first slash. criu(8), --inherit-fd
   */
  readonly key: string;
}

/** How packets of connections are dropped while these stand still; `skip`: not at all, the user has seen to it. criu(8), --network-lock */
export type NetworkLock = 'nftables' | 'iptables' | 'skip';
/** Ways to treat control groups. criu(8), --manage-cgroups */
export type CgroupMode = 'none' | 'props' | 'soft' | 'full' | 'strict' | 'ignore';

/** A root for control groups instead of their own. criu(8), --cgroup-root */
export interface CgroupRoot {
  /** A controller, or `name=NAME`; null: every hierarchy. */
  readonly controller: string | null;
  readonly path: string;
}

/**
 * What a user lets an engine do beyond what is safe, or gives it. The names are CRIU's where CRIU has the option. Which of them a dump
 * or a restore takes, and how each is written elsewhere, is in the table beside this.
 */
export interface OptionValues {
  /** How many bytes of one deleted file the images may hold; a larger one is refused. Default 1 MiB, as in CRIU. criu(8), --ghost-limit */
  readonly ghostLimit: number;
  /**
   * Give a file that has lost the name by which it was opened, but has others, a new name beside it (`link_remap.N`), which the
   * restore removes. Default: refuse such a file. criu(8), --link-remap
   */
  readonly linkRemap: boolean;
  /**
   * Keep the locks and leases of files (`fcntl`, `flock`), and take them again at a restore, which fails if another program has taken one
   * meanwhile. Default: a dump refuses such a file, and a restore such images. criu(8), --file-locks
   */
  readonly fileLocks: boolean;
  /**
   * The tree is a job of a shell: it has the terminal that a program outside of it shows. A restore gives it the one at this process's
   * standard input, or else its controlling terminal. Default: a dump refuses such a terminal, and a restore such images.
   * criu(8), --shell-job
   */
  readonly shellJob: boolean;
  /**
   * Take unix datagram sockets that lead to a name outside of the tree, such as `/dev/log`; a restore connects them to whoever has that
   * name then. Default: a dump refuses them, unless a plugin takes them, and a restore such images. criu(8), --ext-unix-sk
   */
  readonly extUnixSk: boolean;
  /**
   * Keep established TCP connections, with what waits in them, and make them again at a restore, on a machine that has their addresses. Their
   * packets are dropped while the tree stands still and, if it ends, until it is restored or `unlockNetwork` is called: the peers notice a
   * pause. Needs CAP_NET_ADMIN. Default: a dump refuses connections, and a restore such images. criu(8), --tcp-established
   */
  readonly tcpEstablished: boolean;
  /**
   * Take TCP connections as closed ones, and make them as such at a restore: whoever uses one then finds it ended. Default: a dump refuses
   * connections, and a restore such images. criu(8), --tcp-close
   */
  readonly tcpClose: boolean;
  /**
   * Leave TCP connections out that wait to be accepted; their peers are told that they are gone. Default: wait until they are accepted, and
   * refuse them after a while. criu(8), --skip-in-flight
   */
  readonly skipInFlight: boolean;
  /**
   * How packets of connections are dropped; `skip`: they are not, because you have seen to it (a reset by this machine ends a connection).
   * Default: with nf_tables or, where the kernel has none, with rules of iptables and ip6tables, which have to be installed. criu(8),
   * --network-lock
   */
  readonly networkLock: NetworkLock | undefined;
  /**
   * Resources that are left to whoever restores, by CRIU's names: `pipe[INO]` is a pipe with an end outside of the tree, which a restore
   * wants a descriptor for (`inheritFd`). Default: refuse such a pipe. criu(8), --external
   */
  readonly external: readonly string[];
  /**
   * Descriptors of this process that take the place of files of the images: `{ fd: 5, key: 'pipe:[4026]' }`. A pipe is opened anew
   * through its descriptor, other files get the very descriptor, with its position and flags. criu(8), --inherit-fd
   */
  readonly inheritFd: readonly InheritedFd[];
  /**
   * What becomes of the control groups that the tree has of its own. A dump with any mode but `ignore` keeps them, with their properties, in
   * the images; at a restore `none` wants them to be there, `props` that and sets their properties, `soft` makes those that are gone, with
   * their properties, `full` sets the properties of the others, too, `strict` wants none to be there, and `ignore` leaves every process
   * where the engine is. Default, undefined: processes join those that are there. criu(8), --manage-cgroups
   */
  readonly manageCgroups: CgroupMode | undefined;
  /** Where control groups begin that are dumped, or are to be made, instead of where they were. criu(8), --cgroup-root */
  readonly cgroupRoot: readonly CgroupRoot[];
  /** A directory with the hierarchies of control groups, each in one of its own. Default, null: where they are mounted. criu(8), --cgroup-yard */
  readonly cgroupYard: string | null;
  /** Let the kernel choose the pids; needs no privileges. Programs that remember their own pid notice. */
  readonly newPids: boolean;
  /**
   * Restore also where the clocks since boot are behind those of the dump, as after a reboot, and this user may not give the program
   * clocks of its own (a time namespace). A program that waits for a time then waits until the clocks have caught up. Default: refused.
   */
  readonly allowClockBehind: boolean;
  /**
   * Restore also where a file that the program has open has grown meanwhile, such as a log that others write, too. Default: refused, unless
   * the program has it open to append only.
   */
  readonly allowGrownFiles: boolean;
}
