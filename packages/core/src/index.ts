export {
  type Ability,
  type CheckResult,
  type CheckRow,
  describeError,
  type Engine,
  type ErrorReport,
  type ExitCodeName,
  exitCodeMeanings,
  exitCodeOf,
  exitCodes,
  reportError,
  toEngineError,
} from '@criujs/engine-kit';
export { type CriuConfig, type CriuSettings, defineConfig } from './config.ts';
export {
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type HostCode,
  type Refusal,
} from './errors.ts';
export type {
  DumpOptions,
  DumpResult,
  ExitStatus,
  ImagePurpose,
  ImageStore,
  ImageTransaction,
  LogEntry,
  PlanOptions,
  PlanResult,
  PlanRow,
  PlanSubject,
  PlanVerdict,
  Progress,
  RestoreOptions,
  RestoreResult,
  RunOptions,
  Taker,
} from './options.ts';
export { plan } from './run/plan.ts';
export { type CheckOptions, check, dump, restore } from './run/runs.ts';
export { show } from './show/show.ts';
export type {
  ShownDump,
  ShownFile,
  ShownInventory,
  ShownPart,
  ShownSection,
  ShownTask,
  ShowOptions,
} from './show/shown.ts';
