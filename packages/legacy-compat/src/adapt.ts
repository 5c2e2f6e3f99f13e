import type { Plugin } from '@criujs/plugin-sdk';
import { fromDescriptor } from './descriptor.ts';
import { fromOldStructure } from './old-structure.ts';
import { recognise } from './recognise.ts';
import type { RestoreStage } from './stages.ts';

export interface LegacyOptions {
  /**
   * The number by which descriptors know the restore stage: 2, or 1 for those from before CRIU 2.0, which cannot be told
   * apart. Default 2. For one plugin among several: its own option `restoreStage`. Functions of the old structure are told
   * no stage.
   */
  readonly restoreStage?: RestoreStage | undefined;
}

/**
 * Turns a module in one of CRIU's structures into a current plugin; undefined if the module has neither.
 * @param path absolute: a plugin of the old structure is named after it
 * @throws PluginError PLUGIN_INVALID: the module mixes structures, or is malformed
 */
export function adaptModule(module: unknown, path: string, options: LegacyOptions = {}): Plugin | undefined {
  const found = recognise(module, path);
  if (found === null) return undefined;
  if (found.kind === 'functions') return fromOldStructure(found.functions, found.strangers, path);
  return fromDescriptor(found.descriptor, path, options.restoreStage ?? 2);
}
