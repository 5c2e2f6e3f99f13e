export { servedVersions } from './admit.ts';
export type { LogEntry } from './context.ts';
export { type DirectorySectionsOptions, directorySections } from './directory-sections.ts';
export type { HookAnswer } from './dispatch.ts';
export { HostError, type HostErrorCode, type HostErrorDetails } from './errors.ts';
export {
  createPluginHost,
  type PluginHost,
  type PluginHostOptions,
  type PluginInfo,
} from './host.ts';
export type { PluginLoader } from './load.ts';
export type { CallOptions } from './provider.ts';
export type { SectionStore } from './section.ts';
