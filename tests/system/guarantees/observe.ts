import { existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import {
  type Context,
  definePlugin,
  type HookArgs,
  type HookName,
  type HookRegistration,
  hookTable,
  isClaimable,
  notSupported,
  type Outcome,
  type Plugin,
  type Stage,
} from '@criujs/plugin-sdk';
import { proc, procList, runs, treeOf } from '../../../packages/core/test/harness/processes.ts';
import type { Target } from '../../../packages/core/test/harness/target.ts';
import { connectTo } from './service.ts';

/** What of a plugin is called. */
export type Step = HookName | 'init' | 'exit' | 'claim';

/** A process of the program, as /proc shows it. */
export interface SeenProcess {
  readonly pid: number;
  /** One letter for each thread, as ps shows it. */
  readonly states: readonly string[];
  readonly tracer: number;
  readonly descriptors: number;
}

/** A call of a plugin, and what there was at its beginning. */
export interface Call {
  readonly plugin: string;
  readonly step: Step;
  readonly stage: Stage;
  readonly args: Readonly<Record<string, unknown>>;
  /** The process that it is about. */
  readonly pid: number | undefined;
  readonly outcome: Outcome | undefined;
  readonly signal: AbortSignal;
  /** All that live, parents first. */
  readonly tree: readonly SeenProcess[];
  readonly ticks: number;
  /** Files in the image directory, or in the one that is written; null: there is none yet. */
  readonly images: readonly string[] | null;
  /** Whether a whole dump is where the images are wanted. */
  readonly isPlaced: boolean;
  readonly inHost: boolean;
  /** How many calls were at work, this one too: at the most until its end. */
  atWork: number;
  ended: boolean;
}

/** What a plugin does in a step, instead of the usual. */
export type Deed = (call: Call, context: Context) => unknown;
export type Deeds = { readonly [S in Step]?: Deed };

/** Notes each call of the plugins that it makes. */
export interface Observer {
  readonly calls: Call[];
  /** A plugin with all hooks. `takes`: it takes what it is asked about, and opens it again; otherwise it declines. */
  plugin(
    name: string,
    how: { readonly takes: boolean; readonly deeds?: Deeds; readonly only?: readonly Step[] },
  ): Plugin;
}

/**
 * @param target the program; its pid may change with a restore
 * @param place where the images are wanted
 */
export function observe(target: Pick<Target, 'pid' | 'ticks'>, place: string): Observer {
  const calls: Call[] = [];
  const working = new Set<Call>();

  async function note(plugin: string, step: Step, args: object, context: Context): Promise<Call> {
    const { pid, outcome } = args as { readonly pid?: number; readonly outcome?: Outcome };
    const call: Call = {
      ...{ plugin, step, stage: context.stage, args: { ...args }, pid, outcome, signal: context.signal },
      ...{ tree: seenTree(target.pid), ticks: target.ticks(), images: await imagesOf(context) },
      ...{ isPlaced: existsSync(join(place, 'inventory.img')), inHost: isMainThread, atWork: 0, ended: false },
    };
    calls.push(call);
    return call;
  }

  async function during(call: Call, body: () => unknown): Promise<unknown> {
    working.add(call);
    for (const it of working) it.atWork = Math.max(it.atWork, working.size);
    try {
      return await body();
    } finally {
      working.delete(call);
      call.ended = true;
    }
  }

  return {
    calls,
    plugin(name, { takes, deeds = {}, only }) {
      const has = (step: Step): boolean => only === undefined || only.includes(step);
      const step =
        (it: Step, usual: (args: never) => unknown) =>
        async (args: object, context: Context): Promise<never> => {
          const call = await note(name, it, args, context);
          const deed = deeds[it];
          return (await during(call, () => deed?.(call, context) ?? usual(args as never))) as never;
        };
      const hooks = (Object.keys(hookTable) as HookName[]).filter(has).map((it) => ({
        hook: it,
        handler: step(it, hookTable[it].kind === 'observer' ? () => undefined : takes ? taken[it] : () => notSupported),
        ...(isClaimable(it) ? { claim: step('claim', () => takes) } : {}),
      }));
      return definePlugin({
        name,
        init: (stage, context) => step('init', () => undefined)({ stage }, context),
        exit: (stage, outcome, context) => step('exit', () => undefined)({ stage, outcome }, context),
        hooks: hooks as unknown as readonly HookRegistration[],
      });
    },
  };
}

const nothing = (): undefined => undefined;

/** How a plugin takes what it is asked about, or brings it back. */
const taken: { readonly [N in HookName]: (args: never) => unknown } = {
  ...(Object.fromEntries(Object.keys(hookTable).map((name) => [name, nothing])) as Record<HookName, () => undefined>),
  RESTORE_EXT_FILE: ({ file }: HookArgs<'RESTORE_EXT_FILE'>) => openSync(String(file.path), file.flags & 3),
  RESTORE_UNIX_SK: ({ socket }: HookArgs<'RESTORE_UNIX_SK'>) => connectTo(String(socket.peerName)),
  RESTORE_EXT_MOUNT: () => notSupported,
};

function seenTree(root: number): SeenProcess[] {
  return treeOf(root)
    .filter(runs)
    .map((pid) => ({
      pid,
      states: procList(pid, 'task').map(
        (tid) => /^State:\s+(\S)/m.exec(proc(pid, `task/${tid}/status`) ?? '')?.[1] ?? '?',
      ),
      tracer: Number(/^TracerPid:\s+(\d+)/m.exec(proc(pid, 'status') ?? '')?.[1] ?? 0),
      descriptors: procList(pid, 'fd').length,
    }));
}

async function imagesOf(context: Context): Promise<readonly string[] | null> {
  // A claim has no part of the images.
  const where = await context.image.directories().catch(() => null);
  return where !== null && existsSync(where.images) ? readdirSync(where.images).sort() : null;
}
