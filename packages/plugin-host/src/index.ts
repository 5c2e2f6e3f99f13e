export { servedVersions } from './admit.ts';
export type { PluginClaim } from './claims.ts';
export type { LogEntry } from './context.ts';
export type { PlanningHost, PluginHost, PluginHostOptions, PluginInfo } from './contract.ts';
export { type DirectorySectionsOptions, directorySections } from './directory-sections.ts';
export type { HookAnswer, HostAnswer } from './dispatch.ts';
export { HostError, type HostErrorCode, type HostErrorDetails } from './errors.ts';
export { createPluginHost } from './host.ts';
export type { ImageVersions } from './image-versions.ts';
export { type InstalledOptions, type InstalledPlugin, installedPlugins, pluginKeyword } from './installed.ts';
export { filesAndPackages, type PluginLoader } from './load.ts';
export { locate as locatePlugin } from './locate.ts';
export { readPackageJson } from './package-json.ts';
export {
  type PlaceKind,
  type PluginPlace,
  placeWords,
  pluginPlaces,
  type Surroundings,
  systemPrefixes,
} from './places.ts';
export type { CallOptions } from './provider.ts';
export { createRecorder, type Recorder, type RecordSink, recordCalls } from './record.ts';
export {
  decodeRecord,
  encodeRecordLine,
  type RecordedAnswer,
  type RecordedCall,
  type RecordedError,
  type RecordedPlugin,
  type RecordedResult,
  type RecordLine,
  recordedError,
  recordedResult,
  recordVersion,
} from './record-format.ts';
export type { PluginCall } from './run.ts';
export type { SectionStore } from './section.ts';
export { askedPlugin } from './watch.ts';
export { withInstalled } from './with-installed.ts';
