/**
 * CRIU's inventory as engines share it: its list of the plugins that a restore needs. It loads the schemas of images.
 *
 * @packageDocumentation
 */
export { listedPlugins } from './listed.ts';
