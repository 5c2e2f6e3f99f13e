/**
 * What can be known of plugins without a host: what the images say about a plugin, and which hook restores what another took. It
 * loads nothing of the host and no Node module.
 *
 * @packageDocumentation
 */
export {
  missingHook,
  type Unrestorable,
  unpairedWarnings,
  unrestorableWarnings,
  whyUnrestorable,
} from './bring-back.ts';
export { isLoadable, isPackageName, isPackageVersion } from './package-name.ts';
export type { PluginRecord } from './plugin-record.ts';
