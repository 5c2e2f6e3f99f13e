import type { Context, Outcome, Stage } from './context.ts';
import { PluginError } from './errors.ts';
import { hookTable, isBatchable, isClaimable, isHookName } from './hook-table.ts';
import type { BatchHandler, BatchName, HookExtras, HookHandler, HookName, HookRegistration } from './hooks.ts';
import type { BatchList, CheckedHooks, CheckedName, HookList, OneOf, Registers } from './mistakes.ts';
import type { StandardSchemaV1 } from './standard-schema.ts';

/** The version of this contract. {@link definePlugin} sets it; a host says which versions it supports. */
export const apiVersion: number = 1;

const brand = Symbol.for('@criujs/plugin');

/** What the author of a plugin writes. */
export interface PluginDefinition<O = unknown> {
  /** `[a-z0-9][a-z0-9-]*`. No loaded plugin's name may be a prefix of another's: CRIU compares them so. */
  readonly name: string;
  /** The plugin's own version; it is recorded in the images. */
  readonly version?: string;
  /**
   * The version of what the plugin writes into its part of the image directory: a positive integer, 1 by default. Raise it when
   * older releases of the plugin could not read the new data. At a restore it is `context.image.version`.
   */
  readonly imageVersion?: number;
  /**
   * The name under which the images require this plugin once it has taken something: CRIU does not restore without the plugins in
   * its inventory. Default: its own name. For plugins that CRIU can load, too: their name there; null: not listed.
   */
  readonly inventoryName?: string | null;
  /**
   * Whether a restore needs this plugin. Default: if at the dump it took a resource, wrote into its part of the images, or called
   * `context.require()`. true: always; a restore without it is refused. false: what it wrote is only informational, and a restore
   * may go without it; resources that it took still require it.
   */
  readonly required?: boolean;
  /** Validates the user's options before a run. It sees `{}` if there are none. */
  readonly options?: StandardSchemaV1<unknown, O>;
  /** Called once per run before any hook, in the order in which the plugins were given. */
  init?(stage: Stage, context: Context<O>): void | Promise<void>;
  /** Called once per run, in reverse order, for each plugin whose init was called, whatever happened. */
  exit?(stage: Stage, outcome: Outcome, context: Context<O>): void | Promise<void>;
  readonly hooks: readonly HookRegistration<O>[];
}

/**
 * A plugin that {@link definePlugin} has checked and marked. Its contents are for the host: the types are wide, so that plugins
 * of another copy of the SDK fit.
 */
export interface Plugin {
  readonly name: string;
  readonly version?: string;
  readonly apiVersion: number;
  readonly imageVersion?: number;
  readonly inventoryName?: string | null;
  readonly required?: boolean;
  readonly options?: StandardSchemaV1<unknown, unknown>;
  readonly init?: (stage: Stage, context: Context<never>) => void | Promise<void>;
  readonly exit?: (stage: Stage, outcome: Outcome, context: Context<never>) => void | Promise<void>;
  readonly hooks: readonly {
    readonly hook: string;
    /** Absent: it has the batch form. */
    readonly handler?: (args: never, context: never) => unknown;
    readonly batch?: (args: never, context: never) => unknown;
    readonly claim?: (args: never, context: never) => unknown;
  }[];
}

/**
 * Checks a plugin, and marks it as one with the version of this contract. The compiler refuses an invalid name and two handlers of
 * one hook already, where they are literals.
 * @throws PluginError PLUGIN_INVALID: a bad name, an unknown hook, one hook twice …
 */
export function definePlugin<
  O = unknown,
  const Name extends string = string,
  const Registered extends readonly unknown[] | [] = readonly unknown[],
>(
  definition: PluginDefinition<O> & { readonly name: CheckedName<Name>; readonly hooks: CheckedHooks<Registered> },
): Plugin {
  const wrong = firstMistake(definition);
  if (wrong !== undefined) throw invalid(nameFor(definition), ...wrong);
  const { name, version, imageVersion, inventoryName, required, options, hooks } = definition;
  return Object.freeze({
    [brand]: true,
    apiVersion,
    name,
    hooks: Object.freeze([...hooks]),
    ...(version === undefined ? {} : { version }),
    ...(imageVersion === undefined ? {} : { imageVersion }),
    ...(inventoryName === undefined ? {} : { inventoryName }),
    ...(required === undefined ? {} : { required }),
    ...(options === undefined ? {} : { options }),
    // Bind them: a definition may be an instance of a class.
    ...(definition.init === undefined ? {} : { init: definition.init.bind(definition) }),
    ...(definition.exit === undefined ? {} : { exit: definition.exit.bind(definition) }),
  });
}

/**
 * One hook of a plugin; its name types the handler's argument and result. A hook that saves something may have a `claim`, which
 * tells a plan what the handler would take.
 * @throws PluginError PLUGIN_INVALID: no such hook, or no function
 */
export function hook<N extends HookName, O = unknown>(
  name: N | OneOf<HookList>,
  handler: HookHandler<N, O>,
  more?: HookExtras<N, O>,
): HookRegistration<O> & Registers<N> {
  const claim = more?.claim;
  const registration = { hook: name, handler, ...(claim === undefined ? {} : { claim }) };
  const wrong = hookMistake(registration);
  if (wrong !== undefined) throw invalid(`hook ${String(name)}`, ...wrong);
  return Object.freeze(registration) as unknown as HookRegistration<O> & Registers<N>;
}

/**
 * One hook of a plugin in its batch form: it is called once with all processes of the tree, so that the plugin can work on them side
 * by side. The time of one call is for all of them. CRIU asks for one process after the other: there it is called with each.
 * @throws PluginError PLUGIN_INVALID: no such hook, one without a batch form, or no function
 */
export function batchHook<N extends BatchName, O = unknown>(
  name: N | OneOf<BatchList>,
  batch: BatchHandler<O>,
): HookRegistration<O> & Registers<N> {
  const registration = { hook: name, batch };
  const wrong = hookMistake(registration);
  if (wrong !== undefined) throw invalid(`hook ${String(name)}`, ...wrong);
  return Object.freeze(registration) as unknown as HookRegistration<O> & Registers<N>;
}

/** Whether {@link definePlugin} of any copy and version of the SDK made this. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}

type Mistake = readonly [what: string, remedy: string];

function firstMistake(definition: unknown): Mistake | undefined {
  if (typeof definition !== 'object' || definition === null) {
    return ['is not an object', "Call definePlugin({ name: '…', hooks: [hook('…', …)] })."];
  }
  const { name, version, imageVersion, inventoryName, required, options, init, exit, hooks } = definition as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9-]*$/.test(name)) {
    return ['has no usable name', 'Name it with small letters, digits and dashes, a letter or digit first.'];
  }
  if (version !== undefined && (typeof version !== 'string' || version === '')) {
    return ['has a version that is not text', "Write it as in package.json, for example version: '1.0.0'."];
  }
  if (imageVersion !== undefined && !(Number.isSafeInteger(imageVersion) && Number(imageVersion) > 0)) {
    return [
      'has an imageVersion that is not a positive integer',
      'Count from 1: imageVersion: 2 for the second layout.',
    ];
  }
  if (inventoryName !== undefined && !isInventoryName(inventoryName)) {
    return ['has an inventoryName that is not a line of text', 'Write the name by which CRIU knows it, or null.'];
  }
  if (required !== undefined && typeof required !== 'boolean') {
    return ['has a required that is neither true nor false', 'Write required: true, required: false, or leave it out.'];
  }
  if (options !== undefined && !isSchema(options)) {
    return [
      'has options that are not a Standard Schema',
      'Give a schema of zod, valibot, arktype or another of standardschema.dev.',
    ];
  }
  for (const [what, value] of Object.entries({ init, exit })) {
    if (value !== undefined && typeof value !== 'function')
      return [`has an ${what} that is not a function`, `Make ${what} a function, or leave it out.`];
  }
  if (!Array.isArray(hooks)) return ['has no list of hooks', "Add hooks: [hook('…', …)]."];
  return hooks.map(hookMistake).find((it) => it !== undefined) ?? repeatedHook(hooks);
}

function hookMistake(registration: unknown): Mistake | undefined {
  const { hook: name, handler, batch, claim } = Object(registration) as Record<string, unknown>;
  if (!isHookName(name)) {
    return [
      `registers ${JSON.stringify(name)}, which is not a hook`,
      `Use one of ${Object.keys(hookTable).join(', ')}.`,
    ];
  }
  if (batch !== undefined) return batchMistake(name, { handler, batch, claim });
  if (typeof handler !== 'function')
    return [`registers ${name} without a function`, `Write hook('${name}', (args, context) => …).`];
  if (claim === undefined) return undefined;
  if (typeof claim !== 'function')
    return [`has a claim for ${name} that is not a function`, `Write hook('${name}', …, { claim: (args) => … }).`];
  if (!isClaimable(name))
    return [`has a claim for ${name}, which saves nothing`, 'Claim with the hook that dumps the resource.'];
  return undefined;
}

function batchMistake(name: HookName, { handler, batch, claim }: Record<string, unknown>): Mistake | undefined {
  if (!isBatchable(name)) {
    const those = Object.keys(hookTable).filter((it) => isBatchable(it as HookName));
    return [`registers a batch of ${name}, which has no batch form`, `Use hook, or one of ${those.join(', ')}.`];
  }
  if (typeof batch !== 'function')
    return [`registers ${name} without a function`, `Write batchHook('${name}', ({ pids }, context) => …).`];
  if (handler !== undefined || claim !== undefined)
    return [`registers ${name} in both of its forms`, 'Write either hook or batchHook.'];
  return undefined;
}

function repeatedHook(hooks: readonly HookRegistration[]): Mistake | undefined {
  const names = hooks.map((it) => it.hook);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return undefined;
  return [`registers ${twice} twice`, 'Merge the two handlers into one that checks its argument.'];
}

function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const { validate } = Object((value as Record<string, unknown>)['~standard']) as Record<string, unknown>;
  return typeof validate === 'function';
}

/** One line: names are transmitted that way. */
function isInventoryName(name: unknown): boolean {
  return name === null || (typeof name === 'string' && /^[^\n\0]{1,255}$/.test(name));
}

function nameFor(definition: unknown): string {
  const { name } = Object(definition) as { name?: unknown };
  return typeof name === 'string' ? `plugin ${JSON.stringify(name)}` : 'plugin';
}

function invalid(who: string, what: string, remedy: string): PluginError {
  return new PluginError(`${who} ${what}`, { code: 'PLUGIN_INVALID', remedy });
}
