import { definePlugin, hook, hookTable, notSupported, type Plugin } from '@criujs/plugin-sdk';
import { callInit, callOld, callVoid, type OldContext, type OldFunction } from './call-old.ts';
import { noticeText, strangerText } from './notice.ts';
import { done, oldHooks } from './old-hooks.ts';
import { nameFromPath } from './origin.ts';
import { type OldSymbol, oldSymbols } from './symbols.ts';

/** Hooks in the form that all of them share: the table makes sure that names and arguments fit. */
type AnyHook = keyof typeof oldHooks;

/** What CRIU gives to every plugin of the old structure. */
const version = '0.1.0';

/** A plugin of functions with fixed names, as a current plugin. */
export function fromOldStructure(
  functions: ReadonlyMap<OldSymbol, OldFunction>,
  strangers: readonly string[],
  path: string,
): Plugin {
  const name = nameFromPath(path);
  const changes = [...functions.keys()].map((symbol) => `${symbol} → ${today(symbol)}`);
  const init = functions.get('cr_plugin_init');
  const fini = functions.get('cr_plugin_fini');
  return definePlugin({
    name,
    version,
    async init(_stage, context) {
      context.log.warn(noticeText({ plugin: name, path, what: "is of CRIU's old structure", changes }));
      for (const stranger of strangers) context.log.warn(strangerText(stranger, path));
      if (init !== undefined) await callInit(init, done(), context);
    },
    ...(fini === undefined ? {} : { exit: (_stage, _outcome, context) => callVoid(fini, [], context) }),
    hooks: [...functions].flatMap(([symbol, old]) => {
      const target = oldSymbols[symbol];
      return target === 'init' || target === 'exit' ? [] : [oldHook(target, old)];
    }),
  });
}

/** A function with C's signature, as a current hook. */
export function oldHook(name: AnyHook, old: OldFunction): ReturnType<typeof hook> {
  const begin = oldHooks[name] as (args: unknown) => ReturnType<(typeof oldHooks)[AnyHook]>;
  const observes = hookTable[name].kind === 'observer';
  return hook(name, (async (args: unknown, context: OldContext) => {
    const result = await callOld(old, begin(args), context);
    // All observers are told anyway: there is nobody to pass it on to.
    return observes && result === notSupported ? undefined : result;
  }) as never);
}

function today(symbol: OldSymbol): string {
  const target = oldSymbols[symbol];
  return target === 'init' || target === 'exit' ? target : `hook('${target}', …)`;
}
