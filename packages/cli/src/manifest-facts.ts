import type { Inspection } from '@criujs/legacy-compat/inspect';
import { compareManifest, type ManifestReading, manifestProblemText, readManifest } from '@criujs/plugin-host/manifest';
import type { ManifestTool, PluginManifest } from '@criujs/plugin-sdk';
import { findInPath } from './find-in-path.ts';

/** What a package.json says of its plugin, and what can be said about that. */
export type ShownManifest =
  | {
      readonly state: 'valid';
      readonly manifest: PluginManifest;
      /** Where the code's text says something else, or fields that this release does not know: sentences. */
      readonly notes: readonly string[];
      readonly tools: readonly FoundTool[];
    }
  | { readonly state: 'invalid'; readonly problems: readonly string[] };

/** A program that the plugin runs, and where it is; null: not in PATH. */
export interface FoundTool extends ManifestTool {
  readonly path: string | null;
}

/** @param plugin what its file says; null: it cannot be told */
export function manifestOf(packageJson: unknown, plugin: Inspection | null): ShownManifest | null {
  const reading = readManifest(packageJson);
  if (reading.state === 'absent') return null;
  if (reading.state === 'invalid') return { state: 'invalid', problems: reading.problems.map(manifestProblemText) };
  const { manifest } = reading;
  const tools = (manifest.tools ?? []).map((it) => ({ ...it, path: findInPath(it.name) }));
  return { state: 'valid', manifest, notes: notesOf(reading, plugin), tools };
}

function notesOf(
  { manifest, unknown }: Extract<ManifestReading, { state: 'valid' }>,
  plugin: Inspection | null,
): string[] {
  const strange = unknown.map((path) => `${path} is not a field that this release knows`);
  if (plugin === null) return strange;
  const { name, hooks, complete, structure } = plugin;
  const differences = compareManifest(manifest, {
    // Names of old plugins need not be those of today.
    plugin: structure === 'today' ? name : null,
    hooks: hooks.map(({ hook }) => hook),
    complete,
    // The text does not tell.
    apiVersion: null,
    imageVersion: null,
  });
  return [...differences.map(({ message }) => message), ...strange];
}
