/**
 * What all engines share: what one is, their errors, `criujs.json`, and files of an image directory. This entry calls no system
 * calls and loads nothing of the host: it works on any platform.
 *
 * @packageDocumentation
 */

export { mistakeIn, pickOptions, readOptions } from './engine-options/read.ts';
export {
  type EngineOptions,
  type GivenOptions,
  type OptionName,
  type OptionRow,
  type OptionStage,
  optionRows,
} from './engine-options/table.ts';
export type {
  CgroupMode,
  CgroupRoot,
  InheritedFd,
  NetworkLock,
  OptionValues,
} from './engine-options/values.ts';
export { closedByPlugin, whichPlugin } from './errors/closed-by-plugin.ts';
export { type ErrnoMeaning, isNodes, meaningOf } from './errors/errno-meanings.ts';
export {
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type FoundRefusal,
  type HostCode,
  type PluginFailure,
  type Refusal,
  refusedDump,
} from './errors/errors.ts';
export { type ExitCodeName, exitCodeMeanings, exitCodeOf, exitCodes } from './errors/exit-codes.ts';
export {
  describeError,
  type ErrorFacts,
  type ErrorReport,
  reportError,
  thrownIn,
  writeLastWords,
} from './errors/last-words.ts';
export { safeJson, safeLines, safeName, safeText } from './errors/safe-text.ts';
export { toEngineError } from './errors/to-engine-error.ts';
export { type OwnFile, openOwnFile } from './files/own-file.ts';
export { prepareForRestore } from './images/directory.ts';
export { checkedDescriptor, openImage, readImage, readImageOf } from './images/image-file.ts';
export { inventoryName, isImageName, sectionsDirectory } from './images/image-names.ts';
export { largestImage } from './images/image-sizes.ts';
export { writeWhole } from './images/write-image.ts';
export type {
  DumpJob,
  DumpOutcome,
  Engine,
  EngineJob,
  RestoreJob,
  RestoreOutcome,
} from './interface/engine.ts';
export type { FolderDumpJob, FolderEngine, FolderJob, FolderRestoreJob } from './interface/folder-engine.ts';
export type {
  Ability,
  CheckResult,
  CheckRow,
  ExitStatus,
  Finding,
  FoundRow,
  LogEntry,
  PlanRow,
  PlanSubject,
  Taker,
} from './interface/results.ts';
export type {
  AttributesRecord,
  CallDispatch,
  ControlGroup,
  MemoryPolicy,
  ProcessAttributes,
  RangePolicy,
  SchedulingAttributes,
  SemaphoreUndo,
  ThreadAttributes,
} from './records/attributes.ts';
export {
  type DatagramRecord,
  type EpollTargetRecord,
  type ExternalRecord,
  exact,
  type InetQueueRecord,
  type InetRecord,
  type InodeRecord,
  isTakingHook,
  type MembershipRecord,
  type NetlinkRecord,
  type PidfdRecord,
  type RecordsOfFiles,
  type RingRecord,
  type SocketRecord,
  type TakeRecord,
  type TerminalRecord,
  type TimerRecord,
  type UnixRecord,
} from './records/files.ts';
export {
  lastProtectionKey,
  type MemoryArea,
  type MemoryRecord,
  type MemoryTrait,
  memoryTraits,
} from './records/memory.ts';
export { nameOf } from './records/missing-plugins.ts';
export type { NetworkLockRecord } from './records/network-lock.ts';
export type { PacketRecord, PacketRingRecord, PacketSetting } from './records/packets.ts';
export { type JsonLimits, parseJson } from './records/parse-json.ts';
export type { PipeRecord } from './records/pipes.ts';
export { type Needs, type PluginNames, type Provided, refuseMissing, resourcesOf } from './records/providers.ts';
export {
  decodeRecords,
  encodeRecords,
  inventoryNames,
  type Records,
  recordsName,
  type TaskRecord,
} from './records/records.ts';
export type { QueueRecord, SegmentRecord, SetRecord, SystemVRecords } from './records/system-v.ts';
