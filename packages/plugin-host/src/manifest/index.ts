/**
 * The manifest of a plugin: the field `criu` of its package.json. It is read without running anything of the plugin. Apart from the
 * host, because only looking for plugins needs it.
 *
 * @packageDocumentation
 */
export {
  type ManifestProblem,
  type ManifestReading,
  manifestField,
  manifestProblemText,
  readManifest,
} from './read.ts';
