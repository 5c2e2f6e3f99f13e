/**
 * What every engine has to know of the processes that it dumps.
 *
 * @packageDocumentation
 */
export { type DumpedProcess, deathOf, orDeath, targetDied } from './death.ts';
export { endProcess } from './end-process.ts';
export { hasEnded, isGoing, isOver, isThreadEnding } from './ended.ts';
export { pause } from './pause.ts';
export { checkRoot } from './root.ts';
export { pidsBelow } from './tree.ts';
