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
export { type HookPlace, type HookRow, hookTable, isClaimable, isHookName } from './hook-table.ts';
export type {
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
export type { CheckedHooks, CheckedName, HookList, Mistake, OneOf, Registers } from './mistakes.ts';
export { apiVersion, definePlugin, hook, isPlugin, type Plugin, type PluginDefinition } from './plugin.ts';
export {
  type Descriptor,
  type MountSource,
  type NotSupported,
  notSupported,
  type OwnedDescriptor,
  type RetryLater,
  retryLater,
  type VmaSource,
} from './results.ts';
export type { SchemaIssue, SchemaResult, StandardSchemaV1 } from './standard-schema.ts';
