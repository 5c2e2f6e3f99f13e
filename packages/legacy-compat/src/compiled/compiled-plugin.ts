import { type Context, definePlugin, type HookName, type Plugin, type Stage } from '@criujs/plugin-sdk';
import { callInit, type OldFunction } from '../call-old.ts';
import { negativeErrno } from '../errno.ts';
import { noticeText } from '../notice.ts';
import { done } from '../old-hooks.ts';
import { nameFromPath, nameFromText } from '../origin.ts';
import { type DescriptorOptions, descriptorOptions, type RestoreStage, stageNumber } from '../stages.ts';
import { symbolOf } from '../symbols.ts';
import { type Ask, compiledHook } from './compiled-hook.ts';
import { type KeptFiles, openKept } from './kept-files.ts';
import { neededNames } from './needed.ts';
import { type Compiled, checkSame, readCompiled } from './read-compiled.ts';
import { refused } from './refuse.ts';
import { type Runner, startRunner } from './runner.ts';
import { buildRunner } from './runner-build.ts';

/** A run: the process of the plugin, and what it keeps. */
interface Life {
  readonly runner: Runner;
  readonly kept: KeptFiles;
  /** The stage as the number that the plugin knows; null: it does not know this stage and is not called. */
  readonly number: number | null;
  /** Its init answered 0: then its exit is called, as CRIU does. */
  begun: boolean;
}

/** Which plugin, and how to interpret it. */
export interface CompiledOptions {
  /** The file. */
  readonly path: string;
  /** What it is named after when it has no name: {@link nameFromPath}. */
  readonly origin: string;
  readonly restoreStage: RestoreStage;
}

/**
 * A compiled plugin as a current plugin. Each run loads it in a separate process.
 * @throws PluginError PLUGIN_INVALID
 */
export async function compiledPlugin({ path, origin, restoreStage }: CompiledOptions): Promise<Plugin> {
  const found = await readCompiled(path);
  const name = nameOf(found, origin, path);
  // Building it may take longer than a hook may. That it cannot be built is told where it is needed.
  await buildRunner().catch(() => undefined);
  const isOld = found.structure === 'functions';
  let life: Life | null = null;

  const ask: Ask = async (asked, context) => {
    if (life === null) throw refused(path, 'it was called outside of a run', 'This is a bug in the engine: report it.');
    const answer = await life.runner.call(asked, context);
    await life.kept.settle(context.image);
    requireAdded(life.runner, context);
    return answer;
  };
  const numberOf = (stage: Stage, options: DescriptorOptions): number | null => {
    if (isOld) return 0;
    return stageNumber(stage, options.restoreStage ?? restoreStage) ?? null;
  };

  return definePlugin<DescriptorOptions>({
    name,
    version: found.version,
    inventoryName: found.asksForItself && found.name !== '' ? found.name : null,
    ...(isOld ? {} : { options: descriptorOptions }),
    async init(stage, context) {
      if (isOld) context.log.warn(noticeText(noticeOf(name, path, found.hooks)));
      const kept = await openKept(context.image, stage);
      const runner = await startRunner(path, kept.directory, context.log).catch(async (error: unknown) => {
        await kept.finish(context.image, false, []);
        throw error;
      });
      life = { runner, kept, number: numberOf(stage, context.options), begun: false };
      const needed =
        kept.images === null ? null : neededNames(kept.images, kept.needs, { own: found.name, hosts: name });
      const welcome = await runner.begin({ stage: life.number, needed }, context);
      checkSame(path, found, welcome);
      const init: OldFunction = { name: isOld ? 'cr_plugin_init' : 'init', path, call: () => welcome.result };
      await callInit(init, done(), context);
      requireAdded(runner, context);
      life.begun = true;
    },
    async exit(_stage, outcome, context) {
      if (life === null) return;
      const { runner, kept, number, begun } = life;
      life = null;
      let finished: Promise<void> | undefined;
      const finish = (): Promise<void> => {
        finished ??= kept.finish(context.image, outcome.ok, runner.added).then((warnings) => {
          for (const warning of warnings) context.log.warn(warning);
        });
        return finished;
      };
      // Nobody waits any longer for an exit that hangs.
      context.signal.addEventListener('abort', () => void finish().catch(() => undefined));
      try {
        const result = outcome.ok ? 0 : negativeErrno(outcome.error);
        if (begun && number !== null && !runner.mourned) await runner.exit(number, result, context);
      } finally {
        await runner.end();
        await finish();
      }
    },
    hooks: found.hooks.map((hook) => compiledHook(hook, { name: functionOf(hook, isOld), path }, ask)),
  });
}

/** By whatever name it asked: it is the one that knows it again. */
function requireAdded({ added }: Runner, context: Pick<Context<never>, 'require'>): void {
  if (added.length > 0) context.require();
}

function nameOf({ structure, name }: Compiled, origin: string, path: string): string {
  if (structure === 'functions') return nameFromPath(origin);
  const usable = nameFromText(name);
  if (usable !== '') return usable;
  throw refused(path, 'its CR_PLUGIN_DESC has no name', 'Give it a name of letters and digits.');
}

function functionOf(hook: HookName, isOld: boolean): string {
  return isOld ? symbolOf(hook) : `CR_PLUGIN_HOOK__${hook}`;
}

function noticeOf(plugin: string, path: string, hooks: readonly HookName[]): Parameters<typeof noticeText>[0] {
  const changes = hooks.map((hook) => `${symbolOf(hook)} → hook('${hook}', …)`);
  return { plugin, path, what: "is of CRIU's old structure", changes };
}
