/**
 * What all engines share: what one is, their errors, and `criujs.json`, what they keep beside CRIU's images. It loads nothing of
 * the host.
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
export type {
  DumpJob,
  DumpOutcome,
  Engine,
  EngineJob,
  RestoreJob,
  RestoreOutcome,
} from './engine.ts';
export {
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type HostCode,
  type Refusal,
  refusedMessage,
} from './errors.ts';
export { checkedDescriptor, openImage, readImage, readImageOf } from './image-file.ts';
export { largestImage } from './image-sizes.ts';
export { type JsonLimits, parseJson } from './parse-json.ts';
export {
  decodeRecords,
  type ExternalRecord,
  encodeRecords,
  exact,
  inventoryNames,
  type PluginRecord,
  type Records,
  recordsName,
  type SocketRecord,
  type TaskRecord,
} from './records.ts';
export type {
  Ability,
  CheckResult,
  CheckRow,
  ExitStatus,
  Finding,
  LogEntry,
  PlanRow,
  PlanSubject,
  Taker,
} from './results.ts';
