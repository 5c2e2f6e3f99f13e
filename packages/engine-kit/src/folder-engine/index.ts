/**
 * Makes an engine of one that works on the main thread and in a folder.
 *
 * @packageDocumentation
 */
export { folderEngine } from './folder-engine.ts';
