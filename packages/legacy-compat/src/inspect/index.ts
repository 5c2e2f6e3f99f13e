export { hostSymbols } from '../compiled/refuse.ts';
export { inspectElf } from './elf/read-elf.ts';
export { hooksRead } from './hooks-read.ts';
export { inspectFile } from './inspect-file.ts';
export type {
  CInspection,
  ElfInspection,
  Findings,
  InspectedHook,
  Inspection,
  InternalHeader,
  JavaScriptInspection,
  NeededSymbol,
  OldStructureName,
  OriginalFunction,
  UnknownHook,
} from './inspection.ts';
export { type Verdict, type WhereItLoads, whereItLoads } from './where-it-loads.ts';
