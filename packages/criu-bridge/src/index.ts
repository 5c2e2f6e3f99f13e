/**
 * Drives an installed CRIU, and carries its plugin hooks to plugins in TypeScript.
 *
 * @packageDocumentation
 */
export { criu } from './driver/criu.ts';
export type { CriuStep, CriuStepAnswer, OnStep } from './driver/notify.ts';
export { parseCriuOptions } from './driver/options/parse.ts';
export type { CriuRpcOptions } from './driver/options/table.ts';
export type { CriuOptions } from './driver/options.ts';
