/**
 * What can be known of plugins without a host of them: what the images say of one, and which hook brings back what another took.
 * It loads nothing of the host, and no other module of Node.
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
