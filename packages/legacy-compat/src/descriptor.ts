import { definePlugin, type HookName, hookTable, type Plugin, PluginError } from '@criujs/plugin-sdk';
import { callInit, callVoid, type OldFunction } from './call-old.ts';
import { negativeErrno } from './errno.ts';
import { noticeText } from './notice.ts';
import { done } from './old-hooks.ts';
import { oldHook } from './old-structure.ts';
import { nameFromText } from './origin.ts';
import { type DescriptorOptions, descriptorOptions, type RestoreStage, stageNumber } from './stages.ts';

/** The newest version of a descriptor that is known: 0.2.0. */
const newest = 0x200;
const hookNames: readonly HookName[] = Object.keys(hookTable) as HookName[];
const prefix = 'CR_PLUGIN_HOOK__';

/**
 * A `CR_PLUGIN_DESC` in JavaScript, with the fields of C's: `name`, `init(stage)`, `exit(stage, ret)`, `version`,
 * `max_hooks`, and `hooks` by number, or by CRIU's name of the number.
 * @throws PluginError PLUGIN_INVALID
 */
export function fromDescriptor(value: unknown, path: string, restoreStage: RestoreStage): Plugin {
  const descriptor = Object(value) as Readonly<Record<string, unknown>>;
  const name = nameOf(descriptor, path);
  const version = versionOf(descriptor, path);
  const init = functionOf(descriptor, 'init', path);
  const exit = functionOf(descriptor, 'exit', path);
  const hooks = hooksOf(descriptor, path);
  const changes = [
    ...(init === undefined ? [] : ['init with the name of the stage']),
    ...(exit === undefined ? [] : ['exit with the outcome']),
    ...hooks.map(({ hook }) => `${prefix}${hook} → hook('${hook}', …)`),
  ];
  const numberOf = (stage: Parameters<typeof stageNumber>[0], options: DescriptorOptions): number | undefined =>
    stageNumber(stage, options.restoreStage ?? restoreStage);

  return definePlugin<DescriptorOptions>({
    name,
    version,
    options: descriptorOptions,
    async init(stage, context) {
      const { log, options } = context;
      log.warn(noticeText({ plugin: name, path, what: "has a descriptor of C's, CR_PLUGIN_DESC", changes }));
      const number = numberOf(stage, options);
      if (init !== undefined && number !== undefined) await callInit(init, done(number), context);
    },
    async exit(stage, outcome, context) {
      const number = numberOf(stage, context.options);
      if (exit === undefined || number === undefined) return;
      await callVoid(exit, [number, outcome.ok ? 0 : negativeErrno(outcome.error)], context);
    },
    hooks: hooks.map(({ hook, old }) => oldHook(hook, old)),
  });
}

function nameOf({ name }: Readonly<Record<string, unknown>>, path: string): string {
  const usable = typeof name === 'string' ? nameFromText(name) : '';
  if (usable !== '') return usable;
  throw invalid(path, 'its CR_PLUGIN_DESC has no name', 'Give it a name of letters and digits.');
}

/** `0.2.0` for 0x200: CRIU keeps a byte for each part. */
function versionOf({ version = newest }: Readonly<Record<string, unknown>>, path: string): string {
  if (!Number.isInteger(version) || (version as number) <= 0) {
    throw invalid(
      path,
      `its CR_PLUGIN_DESC has the version ${String(version)}`,
      'Write it as a number: 0x200 is 0.2.0.',
    );
  }
  const text = [16, 8, 0].map((shift) => ((version as number) >> shift) & 0xff).join('.');
  if ((version as number) <= newest) return text;
  throw invalid(path, `its CR_PLUGIN_DESC has version ${text}, newer than 0.2.0`, 'Update @criujs/legacy-compat.');
}

function functionOf(
  descriptor: Readonly<Record<string, unknown>>,
  key: 'init' | 'exit',
  path: string,
): OldFunction | undefined {
  const value = descriptor[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'function') {
    throw invalid(path, `${key} of its CR_PLUGIN_DESC is not a function`, `Make ${key} a function, or leave it out.`);
  }
  return { name: `${key} of CR_PLUGIN_DESC`, path, call: (args) => Reflect.apply(value, descriptor, args) };
}

function hooksOf(
  descriptor: Readonly<Record<string, unknown>>,
  path: string,
): readonly { readonly hook: HookName; readonly old: OldFunction }[] {
  const { hooks = [], max_hooks: most = hookNames.length } = descriptor;
  if (!Number.isInteger(most) || (most as number) > hookNames.length) {
    throw invalid(
      path,
      `its CR_PLUGIN_DESC has max_hooks ${String(most)}; ${hookNames.length} are known`,
      'Update @criujs/legacy-compat.',
    );
  }
  const entries = Object.entries(Object(hooks) as object).filter(([, it]) => it !== undefined && it !== null);
  const found = entries.map(([key, value]) => {
    const hook = /^\d+$/.test(key) ? hookNames[Number(key)] : hookNames.find((it) => key === prefix + it);
    if (hook === undefined || hookTable[hook].number >= (most as number)) {
      throw invalid(
        path,
        `its CR_PLUGIN_DESC has a hook ${key}, which is not among the first ${most}`,
        'Correct hooks and max_hooks.',
      );
    }
    if (typeof value !== 'function')
      throw invalid(path, `hook ${key} of its CR_PLUGIN_DESC is not a function`, 'Give a function.');
    return {
      hook,
      old: { name: prefix + hook, path, call: (args: readonly unknown[]) => Reflect.apply(value, hooks, args) },
    };
  });
  return found;
}

function invalid(path: string, what: string, remedy: string): PluginError {
  return new PluginError(`${path} cannot be loaded: ${what}`, { code: 'PLUGIN_INVALID', remedy });
}
