export { checkManifest, type ManifestCheckOptions } from './check-manifest.ts';
export {
  type CheckName,
  type CheckReport,
  type ConformanceOptions,
  type ConformanceReport,
  type ConformanceSpec,
  checkNames,
  conformance,
  runCheck,
} from './conformance.ts';
export { type DumpSettings, dump } from './dump.ts';
export { KitError, type KitErrorCode, type KitErrorDetails } from './errors.ts';
export type { Fault, FaultPoint } from './faults.ts';
export type { Asked } from './observe.ts';
export { type Difference, type ReplayReport, type ReplaySettings, readRecord, replay } from './replay.ts';
export {
  type CallReport,
  type Claim,
  callsOf,
  type DumpReport,
  type ExitReport,
  type PretendImage,
  type RestoredDescriptor,
  type RestoreReport,
  type RunReport,
  type Unclaimed,
} from './report.ts';
export { type RestoreSettings, restore } from './restore.ts';
export type { EngineOrder, RunSettings } from './run.ts';
export { type MemorySections, memorySections, type SectionContents } from './sections.ts';
export type { Connection, Service } from './service.ts';
export {
  type FileOptions,
  type HolderOptions,
  type LinkOptions,
  type MapOptions,
  type MountOptions,
  type PretendFile,
  type PretendLink,
  type PretendMap,
  type PretendMount,
  type PretendProcess,
  type PretendSocket,
  type PretendTree,
  type PretendTreeOptions,
  type ProcessOptions,
  pretendTree,
  type SocketOptions,
} from './tree.ts';
