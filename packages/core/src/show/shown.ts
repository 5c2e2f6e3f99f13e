import type { PluginRecord } from '@criujs/plugin-host/facts';
import type { HookName, Provider } from '@criujs/plugin-sdk';

// What `show` says about images: plain data, as JSON prints it. All of it comes from the images; trust none of it.

export interface ShowOptions {
  /** The image directory. */
  readonly images: string;
  /** Where a relative `images` is resolved from. Default: the current directory. */
  readonly cwd?: string | undefined;
}

export interface ShownDump {
  /** The directory, absolute. */
  readonly images: string;
  /** Bytes of all images and parts. */
  readonly bytes: number;
  /** null: there is none that can be read; a dump that ended has one. */
  readonly inventory: ShownInventory | null;
  /** Parents before their children. */
  readonly tasks: readonly ShownTask[];
  readonly files: readonly ShownFile[];
  /** What else plugins took: mapped devices, mounts, network links. */
  readonly taken: readonly ShownTake[];
  /** What plugins keep in the images, by name. */
  readonly sections: readonly ShownSection[];
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

export interface ShownInventory {
  /** Version of the image layout. */
  readonly version: number;
  /** Names in CRIU's list of the plugins that a restore needs; null: the images do not say. */
  readonly plugins: readonly string[] | null;
  /** All plugins that were loaded; null: criujs did not make the dump. */
  readonly loaded: readonly PluginRecord[] | null;
}

export interface ShownTask {
  readonly pid: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  readonly threads: number;
  readonly state: 'alive' | 'stopped' | 'zombie' | null;
  readonly command: string | null;
  /** The path of its program. */
  readonly program: string | null;
  /** Bytes of memory in the images. */
  readonly memory: number | null;
}

export interface ShownFile {
  /** The id in `files.img`. */
  readonly id: number;
  /** CRIU's name of its kind: `REG`, `EXT` … */
  readonly kind: string;
  /** A path or a name, if it has one. */
  readonly name: string | null;
  readonly holders: readonly { readonly pid: number; readonly fd: number }[];
  /** The plugin that dumped it. */
  readonly provider: Provider | null;
}

/** Something that is no open file, and the plugin that dumped it. */
export interface ShownTake {
  /** The hook by which it was taken. */
  readonly hook: HookName;
  /** In words. */
  readonly resource: string;
  readonly provider: Provider;
}

export interface ShownSection {
  readonly plugin: string;
  /** As it was at the dump; null: it has none, or the images do not say. */
  readonly version: string | null;
  /** The version of the plugin contract that it was written against. */
  readonly apiVersion: number | null;
  /** The version of what it wrote here; null: the images do not say. */
  readonly imageVersion: number | null;
  readonly parts: readonly ShownPart[];
}

export interface ShownPart {
  readonly name: string;
  readonly bytes: number;
  /** What is in it, where that is JSON and no larger than 1 MiB. */
  readonly json?: unknown;
}
