import type { BatchName, HookName, Plugin, StandardSchemaV1 } from '@criujs/plugin-sdk';
import type { PluginSource } from './source.ts';

/** A plugin that was found, checked and fits among the others. */
export interface LoadedPlugin {
  readonly name: string;
  readonly version: string | undefined;
  readonly apiVersion: number;
  /** Of what it writes into its part of the images. */
  readonly imageVersion: number;
  /** By which the images list it, where that is not its own name; null: they do not. */
  readonly inventoryName: string | null | undefined;
  /** Whether a restore needs it; undefined: what it does at the dump decides. */
  readonly required: boolean | undefined;
  readonly source: PluginSource;
  /** Where it came from, in words. */
  readonly origin: string;
  /** The folder of its module, without symbolic links; undefined: it was not loaded from a file or a package. */
  readonly home: string | undefined;
  /** Of each hook: for one process, where the hook is called for each. */
  readonly handlers: ReadonlyMap<HookName, (args: never, context: never) => unknown>;
  /** Of hooks in their batch form: for all processes. */
  readonly batches: ReadonlyMap<BatchName, (args: never, context: never) => unknown>;
  /** Of some hooks that save something. */
  readonly claims: ReadonlyMap<HookName, (args: never, context: never) => unknown>;
  readonly init: Plugin['init'];
  readonly exit: Plugin['exit'];
  readonly schema: StandardSchemaV1<unknown, unknown> | undefined;
}
