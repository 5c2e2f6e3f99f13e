import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dump, type EngineError, type PlanRow, plan, restore } from '@criujs/core';
import { criu } from '@criujs/criu-bridge';
import type { Plugin } from '@criujs/plugin-sdk';
import { mappableDevice, unknownDevice } from '../../../packages/core/test/harness/devices.ts';
import { criu as bin, compiler, criuMissing, isRoot } from '../../../packages/core/test/harness/machine.ts';
import { createPlace, type Place } from '../../../packages/core/test/harness/place.ts';
import { runs, untilGone } from '../../../packages/core/test/harness/processes.ts';
import { cProgram } from '../../../packages/core/test/harness/programs.ts';
import type { Target } from '../../../packages/core/test/harness/target.ts';
import { until } from '../../../packages/core/test/harness/wait.ts';
import { type Call, type Deeds, type Observer, observe } from './observe.ts';
import type { EngineName } from './sentence.ts';
import { serve } from './service.ts';

const needed =
  compiler === null
    ? 'no C compiler'
    : !isRoot
      ? 'needs root'
      : unknownDevice === null || mappableDevice === null
        ? 'no device that no engine knows, or none that may be mapped'
        : null;

/** Why an engine cannot be tried here, or null. */
export const missing: Readonly<Record<EngineName, string | null>> = {
  criujs: needed,
  criu: needed ?? criuMissing(),
};

/** What became of a run, and what its plugins saw. */
export interface Run {
  readonly calls: readonly Call[];
  readonly error: EngineError | null;
  readonly warnings: readonly string[];
  readonly logged: readonly string[];
  /** The image directory. */
  readonly images: string;
  /** Of a plan. */
  readonly rows: readonly PlanRow[];
  readonly hasImages: boolean;
  /** Processes of the program before it, parents first. */
  readonly before: readonly number[];
  /** Those that live after it. */
  readonly after: readonly number[];
}

/** How a run is done. */
export interface How {
  readonly deeds?: Deeds;
  readonly leaveRunning?: boolean;
  readonly dumpOnly?: boolean;
  readonly hookDeadline?: number;
  readonly signal?: AbortSignal;
  readonly newPids?: boolean;
  readonly plugins?: (observer: Observer) => readonly Plugin[];
}

/** One engine and the programs that it is tried on, for one test file. */
export interface Scene {
  readonly name: EngineName;
  readonly place: Place;
  /** A program with three processes that share a device, a mapped device and a connection to somebody outside. */
  start(): Promise<Target>;
  /** The same for all who ask. */
  shared(): Promise<Target>;
  plan(target: Target, how?: How): Promise<Run>;
  /** Dumps into new images. A program that is to end is gone then. */
  dump(target: Target, how?: How): Promise<Run>;
  restore(target: Target, images: string, how?: How): Promise<Run>;
  /** Does something once for all who ask. */
  once<T>(what: string, body: () => Promise<T>): Promise<T>;
  /** Called when all processes have ended. */
  atEnd(body: () => unknown): void;
  close(): Promise<void>;
}

export const device: string = unknownDevice ?? '';
const mapped: string = mappableDevice ?? '';

/** One that declines, one that takes, and one that is behind it. */
const usual =
  (deeds: Deeds = {}) =>
  (observer: Observer): readonly Plugin[] => [
    observer.plugin('first', { takes: false }),
    observer.plugin('taker', { takes: true, deeds }),
    observer.plugin('last', { takes: true }),
  ];

export function openScene(name: EngineName): Scene {
  const place = createPlace();
  const closing: (() => unknown)[] = [];
  const known = new Map<string, Promise<unknown>>();
  const engineOf = (): object => (name === 'criujs' ? {} : { engine: criu({ bin: bin ?? undefined }) });

  async function conduct<T extends { readonly warnings?: readonly string[]; readonly rows?: readonly PlanRow[] }>(
    target: Target,
    how: How,
    images: string,
    work: (options: object & { readonly plugins: readonly Plugin[] }) => Promise<T>,
  ): Promise<Run> {
    const observer = observe(target, images);
    const before = target.pids();
    const logged: string[] = [];
    const { hookDeadline, signal } = how;
    const options = {
      ...{
        plugins: (how.plugins ?? usual(how.deeds))(observer),
        onLog: (it: { message: string }) => void logged.push(it.message),
      },
      ...engineOf(),
      ...(hookDeadline === undefined ? {} : { hookDeadline }),
      ...(signal === undefined ? {} : { signal }),
    };
    const [result, error] = await work(options).then(
      (it) => [it, null] as const,
      (thrown: EngineError) => [null, thrown] as const,
    );
    return {
      ...{
        calls: observer.calls,
        error,
        warnings: result?.warnings ?? [],
        rows: result?.rows ?? [],
        logged,
        images,
        before,
        after: target.pids(),
      },
      hasImages: existsSync(join(images, 'inventory.img')),
    };
  }

  const once = <T>(what: string, body: () => Promise<T>): Promise<T> => {
    const all = known as Map<string, Promise<T>>;
    const made = all.get(what) ?? body();
    all.set(what, made);
    return made;
  };

  async function start(): Promise<Target> {
    const path = place.fresh('service');
    const service = await serve(path);
    closing.push(() => service.close());
    return place.start(cProgram('brood', { DEVICE: device, MAPPED: mapped, SERVICE: path, CHILDREN: '2' }));
  }

  return {
    ...{ name, place, once, start },
    shared: () => once('shared', start),
    plan: (target, how = {}) => conduct(target, how, '', (options) => plan({ pid: target.pid, ...options })),
    async dump(target, how = {}) {
      const images = target.images();
      const { leaveRunning = false, dumpOnly = false } = how;
      const run = await conduct(target, how, images, (options) =>
        dump({ pid: target.pid, images, leaveRunning, dumpOnly, ...options }),
      );
      if (run.error === null && !leaveRunning) for (const pid of run.before) await untilGone(pid);
      return run;
    },
    async restore(target, images, how = {}) {
      const run = await conduct(target, how, images, (options) =>
        restore({ images, detach: true, ...options, ...(how.newPids ? { newPids: true } : {}) }).then((it) => {
          target.pid = it.pid;
          place.track(it.pid);
          return it;
        }),
      );
      return run;
    },
    atEnd: (body) => void closing.push(body),
    async close() {
      await place.clear();
      for (const end of closing.reverse()) await end();
    },
  };
}

/** A deed that fails. */
export const fails = (): never => {
  throw new Error('the device is on fire');
};

/** Waits until the program has come further: so it runs. */
export const seeItRun = (target: Target) => async (): Promise<void> => {
  await target.advance(1);
};

/** Waits until none of some processes lives. */
export async function untilEnded(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await until(`process ${pid} ends`, () => !runs(pid));
}
