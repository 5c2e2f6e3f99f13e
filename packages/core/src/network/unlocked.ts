/** What {@link unlockNetwork} takes. */
export interface UnlockOptions {
  /** The image directory of a dump that ended its tree. */
  readonly images: string;
  /** The directory against which a relative `images` is resolved. Default: the current directory. */
  readonly cwd?: string | undefined;
}

/** What has been let pass again. */
export interface UnlockResult {
  /** Tables of nf_tables (family inet) that dropped packets, and are gone; empty: there were none. */
  readonly tables: readonly string[];
  /** Rules of iptables and ip6tables that did, and are gone: the program, the chain and the rule. */
  readonly rules: readonly string[];
  /** The connections in words, as far as the images say them. */
  readonly connections: readonly string[];
}
