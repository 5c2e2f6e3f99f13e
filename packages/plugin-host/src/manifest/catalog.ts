import type { PluginManifest } from '@criujs/plugin-sdk';

/** A package that can be had from npm, with the manifest of its newest release. */
export interface CatalogEntry {
  readonly package: string;
  readonly manifest: PluginManifest;
}

/**
 * Packages that a plan names even where they are not installed, sorted by name. Each of them exists: CONTRIBUTING.md says how one
 * gets here.
 */
export const catalog: readonly CatalogEntry[] = [];
