export { adaptModule, type LegacyOptions } from './adapt.ts';
export { legacyLoader } from './loader.ts';
export { guide, oldStructureEndsIn } from './notice.ts';
export { nameFromPath } from './origin.ts';
export type { RestoreStage } from './stages.ts';
export { type OldSymbol, oldSymbols } from './symbols.ts';
