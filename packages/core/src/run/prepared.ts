/**
 * The engine's thread, started before anybody knows whether a run comes.
 *
 * @packageDocumentation
 */
export { adoptThread, type Preparation, prepareThread } from './engine-threads.ts';
