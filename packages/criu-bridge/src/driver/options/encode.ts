import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { EngineError } from '@criujs/engine-kit';
import { type CriuOptsSchema, CriuReqType, encodeRequest, type MessageInitShape } from '@criujs/images';
import { lacks, type Release } from '../releases.ts';
import { findOption } from './names.ts';
import type { CriuRpcOptions } from './table.ts';

/** Options as a request takes them. */
export type RequestOptions = Exclude<MessageInitShape<typeof CriuOptsSchema>, { readonly $typeName: string }>;

/** The user's options, ready for a request. */
export interface EncodedOptions {
  readonly opts: RequestOptions;
  /** Descriptors of ours that CRIU inherits, in the order in which it gets them. */
  readonly inherited: readonly number[];
  /** Closes what was opened for them. */
  close(): void;
}

/** What the user's options are read with. */
export interface EncodeHow {
  readonly release: Release;
  readonly cwd: string;
  /** The number of the first inherited descriptor in CRIU. */
  readonly firstInherited: number;
}

/**
 * Makes fields of the request of the user's options.
 * @throws EngineError BAD_OPTION; CRIU_TOO_OLD, since CRIU would ignore what it does not know
 */
export function encodeOptions(given: CriuRpcOptions, { release, cwd, firstInherited }: EncodeHow): EncodedOptions {
  const opened: number[] = [];
  const inherited: number[] = [];
  const close = (): void => {
    for (const fd of opened.splice(0)) closeSync(fd);
  };
  const inherit = (fd: number): number => firstInherited + inherited.push(fd) - 1;
  try {
    const entries = Object.entries(given).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const { key, row } = findOption(name);
      if (row.since !== undefined && lacks(release, row.since)) throw tooOld(name, row.since, release);
      if (row.special === 'directory') return [[key, openDirectory(value as string | number, name, cwd, opened)]];
      return [[key, row.special === 'inherited' ? inheritAll(value, inherit) : value]];
    });
    const opts: RequestOptions = Object.fromEntries(entries);
    checkValues(opts);
    return { opts, inherited, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Values of a configuration may be anything. */
function checkValues(opts: RequestOptions): void {
  try {
    encodeRequest({ type: CriuReqType.DUMP, opts: { imagesDirFd: 0, ...opts } });
  } catch (cause) {
    const message = `an option of CRIU: ${(cause as Error).message}`;
    throw new EngineError('BAD_OPTION', message, { remedy: 'Give a value of that type.', cause });
  }
}

function openDirectory(value: string | number, name: string, cwd: string, opened: number[]): number {
  if (typeof value === 'number') return value;
  try {
    const fd = openSync(resolve(cwd, value), 'r');
    opened.push(fd);
    return fd;
  } catch (cause) {
    throw new EngineError('BAD_OPTION', `CRIU's option ${name}: ${(cause as Error).message}`, {
      remedy: 'Give an existing directory.',
      cause,
    });
  }
}

/** Every `fd` in a value, as the number that it has in CRIU. */
function inheritAll(value: unknown, inherit: (fd: number) => number): unknown {
  if (Array.isArray(value)) return value.map((it) => inheritAll(it, inherit));
  const { fd } = Object(value) as { fd?: unknown };
  return typeof fd === 'number' && fd >= 0 ? { ...(value as object), fd: inherit(fd) } : value;
}

function tooOld(name: string, since: string, release: Release): EngineError {
  return new EngineError('CRIU_TOO_OLD', `CRIU ${release.version} has no option ${name}: it came with ${since}`, {
    remedy: `Leave it out, or use CRIU ${since} or newer (--criu-bin).`,
  });
}
