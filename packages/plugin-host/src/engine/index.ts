/**
 * What all engines share: their errors and `criujs.json`, what they keep beside CRIU's images. It loads nothing of the host.
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
} from './errors.ts';
export {
  decodeRecords,
  type ExternalRecord,
  encodeRecords,
  type PluginRecord,
  type Records,
  recordsName,
  type SocketRecord,
  type TaskRecord,
} from './records.ts';
