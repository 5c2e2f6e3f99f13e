export type {
  CgroupMode,
  CgroupRoot,
  EngineOptions,
  ExitStatus,
  GivenOptions,
  InheritedFd,
  LogEntry,
  NetworkLock,
  NetworkLockRecord,
  OptionRow,
  OptionStage,
  OptionValues,
  PlanRow,
  PlanSubject,
  Taker,
} from '@criujs/engine-kit';
export {
  type Ability,
  type CheckResult,
  type CheckRow,
  describeError,
  type Engine,
  EngineError,
  type EngineErrorCode,
  type EngineErrorDetails,
  type EngineOwnCode,
  type ErrorReport,
  type ExitCodeName,
  exitCodeMeanings,
  exitCodeOf,
  exitCodes,
  type HostCode,
  mistakeIn,
  optionRows,
  type PluginFailure,
  type Refusal,
  reportError,
  safeJson,
  safeLines,
  safeName,
  safeText,
  thrownIn,
  toEngineError,
} from '@criujs/engine-kit';
export type {
  DumpOptions,
  DumpResult,
  PlanOptions,
  PlanResult,
  PlanVerdict,
  Progress,
  RestoreOptions,
  RestoreResult,
  RunOptions,
} from '@criujs/engine-kit/front';
export type { ImagePurpose, ImageStore, ImageTransaction } from '@criujs/engine-kit/images';
export { type CriuConfig, type CriuSettings, defineConfig } from './config.ts';
export { unlockNetwork } from './network/unlock.ts';
export type { UnlockOptions, UnlockResult } from './network/unlocked.ts';
export { plan } from './run/plan.ts';
export { type CheckOptions, check, dump, restore } from './run/runs.ts';
export { show } from './show/show.ts';
export type {
  ShownDump,
  ShownFile,
  ShownInventory,
  ShownPart,
  ShownSection,
  ShownTake,
  ShownTask,
  ShowOptions,
} from './show/shown.ts';
