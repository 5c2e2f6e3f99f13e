/**
 * The front of a run: options, images, plugins and results around the work of any engine.
 *
 * @packageDocumentation
 */
export { noImages } from '../images/run-images.ts';
export { checkPlatform } from './admission.ts';
export { refuseNested } from './nested.ts';
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
} from './options.ts';
export { type PlanPlugins, type PlanTree, planBy } from './plan.ts';
export { openPlugins, type RunPlugins } from './plugins.ts';
export { dumpBy, restoreBy } from './runs.ts';
