/**
 * What all engines share: what one is, their errors, and `criujs.json`, what they keep beside CRIU's images. It loads nothing of
 * the host.
 *
 * @packageDocumentation
 */

export {
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type HostCode,
  type Refusal,
  refusedMessage,
} from './errors/errors.ts';
export { checkedDescriptor, openImage, readImage, readImageOf } from './images/image-file.ts';
export { largestImage } from './images/image-sizes.ts';
export type {
  DumpJob,
  DumpOutcome,
  Engine,
  EngineJob,
  RestoreJob,
  RestoreOutcome,
} from './interface/engine.ts';
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
} from './interface/results.ts';
export { type JsonLimits, parseJson } from './records/parse-json.ts';
export {
  decodeRecords,
  type ExternalRecord,
  encodeRecords,
  exact,
  inventoryNames,
  type Records,
  recordsName,
  type SocketRecord,
  type TaskRecord,
} from './records/records.ts';
