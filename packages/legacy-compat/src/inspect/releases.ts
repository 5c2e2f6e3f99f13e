/** Releases of CRIU that are alike to plugins. */
export interface Releases {
  /** `3.17–3.19`; `after 4.2` is not released yet. */
  readonly releases: string;
  /** How many hooks it has: a descriptor that declares more is refused, and the whole run with it. */
  readonly hooks: number;
  /** Whether it knows `CR_PLUGIN_DESC`. */
  readonly descriptors: boolean;
  /** Whether it has `add_inventory_plugin` and `check_and_remove_inventory_plugin`. */
  readonly inventory: boolean;
  /** Whether `@criujs/criu-bridge` serves it: plugins in JavaScript and TypeScript. */
  readonly bridge: boolean;
}

/** All of them, oldest first. From criu-plugin.h and plugin.c of the tagged releases. */
export const criuReleases: readonly Releases[] = [
  { releases: '1.1–1.3', hooks: 7, descriptors: false, inventory: false, bridge: false },
  { releases: '1.4–3.16', hooks: 7, descriptors: true, inventory: false, bridge: false },
  { releases: '3.17–3.19', hooks: 10, descriptors: true, inventory: false, bridge: true },
  { releases: '4.0', hooks: 12, descriptors: true, inventory: false, bridge: true },
  { releases: '4.1–4.1.1', hooks: 12, descriptors: true, inventory: true, bridge: true },
  { releases: '4.2', hooks: 13, descriptors: true, inventory: true, bridge: true },
  { releases: 'after 4.2', hooks: 15, descriptors: true, inventory: true, bridge: true },
];
