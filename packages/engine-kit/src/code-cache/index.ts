export { codeCache } from './kept.ts';
export { type LoadedScript, loadScript } from './script.ts';
