export type {
  Context,
  ImageDirectories,
  ImageSection,
  LogDetails,
  Logger,
  LogLevel,
  Outcome,
  Stage,
} from './context.ts';
export {
  type CodePlace,
  type CriuError,
  PluginError,
  type PluginErrorDetails,
  type Thrown,
  type ThrownCause,
} from './errors.ts';
export type {
  DeviceNumber,
  DeviceStat,
  DumpedFile,
  FileKind,
  Holder,
  Provider,
  RecordedFile,
  SignalOwner,
  UnixSocketInfo,
} from './files.ts';
export { type HookPlace, type HookRow, hookTable, isBatchable, isClaimable, isHookName } from './hook-table.ts';
export type {
  BatchArgs,
  BatchHandler,
  BatchName,
  BatchRegistration,
  ClaimArgs,
  ClaimableName,
  Handler,
  HandlerName,
  HookArgs,
  HookCall,
  HookClaim,
  HookExtras,
  HookHandler,
  HookKind,
  HookName,
  HookRegistration,
  HookResult,
  HookReturn,
  Hooks,
  LaterName,
  Observer,
  ObserverName,
} from './hooks.ts';
export {
  type Brand,
  type FileId,
  fileId,
  type MountId,
  mountId,
  type Pid,
  pid,
  type SocketInode,
  socketInode,
} from './ids.ts';
export type {
  ManifestDevice,
  ManifestRange,
  ManifestResources,
  ManifestTool,
  PluginManifest,
} from './manifest.ts';
export type { BatchList, CheckedHooks, CheckedName, HookList, Mistake, OneOf, Registers } from './mistakes.ts';
export { apiVersion, batchHook, definePlugin, hook, isPlugin, type Plugin, type PluginDefinition } from './plugin.ts';
export {
  type Descriptor,
  type Later,
  later,
  laterOf,
  type MountSource,
  type NotSupported,
  notSupported,
  type OwnedDescriptor,
  type RetryLater,
  retryLater,
  type VmaSource,
} from './results.ts';
export type { SchemaIssue, SchemaResult, StandardSchemaV1 } from './standard-schema.ts';
