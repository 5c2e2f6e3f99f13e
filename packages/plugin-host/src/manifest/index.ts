/**
 * The manifest of a plugin: the field `criu` of its package.json. It is read without running anything of the plugin. Apart from the
 * host, because only looking for plugins needs it.
 *
 * @packageDocumentation
 */
export { type CatalogEntry, catalog } from './catalog.ts';
export { type CodeFacts, compareManifest, type ManifestDifference } from './differences.ts';
export { type Drivers, kernelDrivers } from './drivers.ts';
export { matchesPattern } from './pattern.ts';
export {
  type ManifestProblem,
  type ManifestReading,
  manifestField,
  manifestProblemText,
  readManifest,
} from './read.ts';
export {
  type PluginSuggestion,
  type Suggest,
  type SuggestionSources,
  type SuggestionsOptions,
  suggestPlugins,
} from './suggest.ts';
export { type ResourceQuestion, takes } from './takes.ts';
