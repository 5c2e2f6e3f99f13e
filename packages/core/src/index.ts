export type { Ability, CheckResult, CheckRow } from './check.ts';
export { type CriuConfig, defineConfig } from './config.ts';
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
  ImageStore,
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
export { check, dump, restore } from './run/runs.ts';
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
