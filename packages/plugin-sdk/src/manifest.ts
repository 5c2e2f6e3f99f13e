import type { HookName } from './hooks.ts';

/**
 * What a package says about its plugin in the field `criu` of its package.json: what can be read without running its code. It is
 * for finding and choosing a plugin; the engine itself asks the plugin. The schema for editors is
 * `@criujs/plugin-sdk/schemas/criu-field.schema.json`.
 *
 * A *pattern* stands for a whole text: `*` for any characters but `/`, `**` for any characters, everything else for itself.
 */
export interface PluginManifest {
  /** The plugin's name, as its code has it. */
  readonly plugin: string;
  /** The version of the plugin contract that its code is written against. */
  readonly apiVersion: number;
  /** All hooks that it registers. */
  readonly hooks: readonly HookName[];
  /** The version of what it writes into its part of the images. Default: 1. */
  readonly imageVersion?: number;
  /** What it takes at a dump. Default: nothing that has a name. */
  readonly resources?: ManifestResources;
  /** Programs that it runs. Default: none. */
  readonly tools?: readonly ManifestTool[];
}

/** What a plugin takes at a dump. A resource is only looked up where the plugin registers the hook for it. */
export interface ManifestResources {
  /** Devices that are open (`DUMP_EXT_FILE`) or mapped into memory (`HANDLE_DEVICE_VMA`). */
  readonly devices?: readonly ManifestDevice[];
  /**
   * Unix sockets whose peer is outside the dumped tree (`DUMP_UNIX_SK`): patterns of the path of either end; `@` stands first for
   * a name in the abstract namespace.
   */
  readonly sockets?: readonly string[];
  /**
   * Other files (`DUMP_EXT_FILE`): patterns of what the link in `/proc/PID/fd` says, such as `/opt/radio/**` or
   * `anon_inode:[radio]`.
   */
  readonly files?: readonly string[];
  /** External mounts (`DUMP_EXT_MOUNT`): patterns of the mount point. */
  readonly mounts?: readonly string[];
  /** Network links (`DUMP_EXT_LINK`): patterns of the kind that rtnetlink(7) gives, such as `wireguard`. */
  readonly links?: readonly string[];
}

/**
 * A device, or several of one driver. Where its number or its driver is given, that decides, and `path` only tells people;
 * otherwise `path` decides.
 */
export interface ManifestDevice {
  /** Its usual node: a pattern, such as `/dev/nvidia*`. */
  readonly path: string;
  /** Default: `character`. */
  readonly kind?: 'character' | 'block';
  readonly major?: number;
  readonly minor?: number | ManifestRange;
  /** For a number that the kernel chooses: the driver's name in `/proc/devices`, or in `/proc/misc`. */
  readonly driver?: string;
}

/** Numbers, both ends included. */
export interface ManifestRange {
  readonly from: number;
  readonly to: number;
}

/** A program that a plugin runs. */
export interface ManifestTool {
  /** The command, as it is looked up in `PATH`. */
  readonly name: string;
  /** Which versions will do, in words for people: `550 or later`. */
  readonly version?: string;
}
