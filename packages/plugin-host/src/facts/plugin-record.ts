/** What the images say about a plugin that was loaded at the dump: it shows later who wrote its part of them. */
export interface PluginRecord {
  readonly name: string;
  readonly version: string | null;
  /** The version of the plugin contract that it was written against. */
  readonly apiVersion: number;
  /** The version of what it writes into its part of the images. */
  readonly imageVersion: number;
  /** By which name CRIU's inventory lists it if it is required; null: by none. */
  readonly inventoryName: string | null;
  /** Whether a restore without it is refused. */
  readonly required: boolean;
  /** The npm package that it was loaded from, by the name in its package.json; null: it was a path or an object. */
  readonly package: string | null;
  readonly packageVersion: string | null;
  /**
   * What one writes to load it: the package, perhaps with a path inside it, or `./` and the name of a file; null: nobody knows.
   */
  readonly load: string | null;
}
