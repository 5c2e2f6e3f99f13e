export type { Ability, CheckResult, CheckRow, Engine } from '@criujs/engine-kit';
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
export { type ExitCodeName, exitCodeMeanings, exitCodeOf, exitCodes } from './run/exit-codes.ts';
export { describeError, type ErrorReport, reportError } from './run/last-words.ts';
export { plan } from './run/plan.ts';
export { type CheckOptions, check, dump, restore } from './run/runs.ts';
export { toEngineError } from './run/wire.ts';
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
