import { type CgroupRoot, type EngineOptions, type OptionRow, type OptionStage, optionRows } from '@criujs/engine-kit';
import type { CriuOptions } from '../options.ts';
import type { RequestOptions } from './encode.ts';
import { findOption } from './names.ts';

/** CRIU keeps sizes in 32 bits. images/rpc.proto, `ghost_limit`. */
const largestSize = 2 ** 32 - 1;

/** How a value stands in a request; undefined: it is not said. Lists are joined to those of the user. */
const encodings = {
  switch: (value: unknown) => (value === true ? true : undefined),
  size: (value: unknown) => Math.min(Number(value), largestSize),
  choice: (value: unknown, { choices = {} }: OptionRow) => choices[String(value)],
  externals: null,
  descriptors: null,
  cgroupRoots: (value: unknown) => {
    const roots = (value as readonly CgroupRoot[]).map(({ controller, path }) => ({
      ...(controller === null ? {} : { ctrl: controller }),
      path,
    }));
    return roots.length === 0 ? undefined : roots;
  },
  directory: (value: unknown) => value ?? undefined,
} as const;

/** What a job asks for, as fields of a request that what the user has for CRIU itself may replace. */
export function jobOptions<S extends OptionStage>(stage: S, job: EngineOptions<S>): RequestOptions {
  const entries = optionRows(stage).flatMap((row) => {
    const { name, kind, rpc } = row;
    const value = encodings[kind]?.(valueIn(job, name), row);
    return rpc === undefined || value === undefined ? [] : [[rpc, value]];
  });
  return Object.fromEntries(entries);
}

/** What a user has for CRIU itself, by whichever name, with what the job has for the same lists behind it. */
export function withJobLists<S extends OptionStage>(
  stage: S,
  options: CriuOptions,
  job: EngineOptions<S>,
): CriuOptions {
  return optionRows(stage).reduce((all, { name, kind, rpc }) => {
    const more = valueIn(job, name) as readonly unknown[];
    return rpc === undefined || encodings[kind] !== null || more.length === 0 ? all : withMore(all, rpc, more);
  }, options);
}

function withMore(options: CriuOptions, key: string, more: readonly unknown[]): CriuOptions {
  const isIt = (name: string): boolean => findOption(name).key === key;
  const given: [string, unknown][] = Object.entries(options.options ?? {});
  const before = given.flatMap(([name, value]) => (isIt(name) && Array.isArray(value) ? value : []));
  const others = given.filter(([name]) => !isIt(name));
  return { ...options, options: Object.fromEntries([...others, [key, [...before, ...more]]]) };
}

function valueIn(job: object, name: string): unknown {
  return (job as Readonly<Record<string, unknown>>)[name];
}
