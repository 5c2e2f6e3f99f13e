export { inspectElf } from './elf/read-elf.ts';
export { inspectFile } from './inspect-file.ts';
export type {
  CInspection,
  ElfInspection,
  Findings,
  InspectedHook,
  Inspection,
  JavaScriptInspection,
  NeededSymbol,
  OldStructureName,
  OriginalFunction,
  UnknownHook,
} from './inspection.ts';
