/**
 * What can be known of plugins without a host: what the images say about a plugin, which hook restores what another took, and
 * whether somebody debugs them. It loads nothing of the host, and no Node module at first.
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
export { isDebugged } from './debugged.ts';
export { isLoadable, isPackageName, isPackageVersion } from './package-name.ts';
export type { PluginRecord } from './plugin-record.ts';
export { placeText, thrownLines } from './thrown-text.ts';
