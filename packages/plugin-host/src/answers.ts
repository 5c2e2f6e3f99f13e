import { closeSync, fstatSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type HookName, type MountSource, type OwnedDescriptor, retryLater, type VmaSource } from '@criujs/plugin-sdk';
import { insteadOfC, type Meanings } from './answers-in-c.ts';
import { describe } from './describe.ts';
import type { Descriptors } from './descriptors.ts';
import { BadAnswer } from './invocation.ts';

/** What a hook may answer when it accepts. */
interface AnswerRule {
  /** Gives the answer in one form: every descriptor as an object that closes itself, once. @throws BadAnswer */
  read(answer: unknown, call: AnsweredCall): unknown;
  /** Closes what an answer holds that nobody waits for any more. */
  release?(answer: unknown, descriptors: Descriptors): Promise<void>;
}

/** The call that was answered. */
export interface AnsweredCall {
  readonly descriptors: Descriptors;
  /** The hook and the resource, in words. */
  readonly what: string;
  /** Calls a plugin's own `close` with all the care that a hook gets. */
  contain(close: () => unknown): Promise<void>;
}

const claimed = nothing({ declines: true, success: 'return nothing, which claims the resource' });
const told = nothing({ declines: false, success: 'return nothing' });

function nothing(meanings: Meanings): AnswerRule {
  return {
    read(answer) {
      if (answer === undefined) return undefined;
      throw bad(answer, 'nothing (undefined)', meanings);
    },
  };
}

const descriptor: AnswerRule = { read: readDescriptor, release: releaseDescriptor };

const descriptorOrRetry: AnswerRule = {
  read: (answer, call) => (answer === retryLater ? retryLater : readDescriptor(answer, call)),
  release: releaseDescriptor,
};

const mountMeanings: Meanings = {
  declines: true,
  success: 'return nothing if the plugin has mounted it itself, or { source } for the engine to mount',
};
const vmaMeanings: Meanings = { declines: true, success: 'return nothing, which leaves the map unchanged' };
const descriptorMeanings: Meanings = { declines: true, success: null };

const mountSource: AnswerRule = {
  read(answer): MountSource | undefined {
    if (answer === undefined) return undefined;
    const { source } = Object(answer) as Record<string, unknown>;
    if (typeof source === 'string' && isAbsolute(source) && !source.includes('\0')) return { source };
    throw bad(answer, 'nothing, or { source } with an absolute path', mountMeanings);
  },
};

const vmaSource: AnswerRule = {
  read(answer, call): VmaSource | undefined {
    if (answer === undefined) return undefined;
    const { offset, fd } = Object(answer) as Record<string, unknown>;
    if (!isOffset(offset)) throw bad(answer, 'nothing, or { offset, fd? } with an offset in bytes', vmaMeanings);
    return fd === undefined ? { offset } : { offset, fd: readDescriptor(fd, call) };
  },
  release: (answer, descriptors) => releaseDescriptor((Object(answer) as Record<string, unknown>)['fd'], descriptors),
};

/** What each hook may answer, beside `notSupported` from a handler. */
export const answerRules: { readonly [N in HookName]: AnswerRule } = {
  DUMP_UNIX_SK: claimed,
  RESTORE_UNIX_SK: descriptor,
  DUMP_EXT_FILE: claimed,
  RESTORE_EXT_FILE: descriptorOrRetry,
  DUMP_EXT_MOUNT: claimed,
  RESTORE_EXT_MOUNT: mountSource,
  DUMP_EXT_LINK: claimed,
  HANDLE_DEVICE_VMA: claimed,
  UPDATE_VMA_MAP: vmaSource,
  RESUME_DEVICES_LATE: told,
  PAUSE_DEVICES: told,
  CHECKPOINT_DEVICES: told,
  POST_FORKING: told,
  RESTORE_INIT: told,
  DUMP_DEVICES_LATE: told,
};

function readDescriptor(answer: unknown, { descriptors, what, contain }: AnsweredCall): OwnedDescriptor {
  if (typeof answer === 'number') {
    checkOwn(answer, answer, 'host', descriptors);
    const release = descriptors.hold(answer, what);
    return { fd: answer, close: once(async () => closeSync(answer), release) };
  }
  const { fd, close } = Object(answer) as Record<string, unknown>;
  if (typeof fd !== 'number' || typeof close !== 'function')
    throw bad(answer, 'a descriptor: its number, or { fd, close() }');
  checkOwn(fd, answer, 'plugin', descriptors);
  const release = descriptors.hold(fd, what);
  return { fd, close: once(() => contain(() => Reflect.apply(close, answer, [])), release) };
}

function once(close: () => Promise<void>, release: () => void): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => {
    if (closed === undefined) release();
    closed ??= close();
    return closed;
  };
}

/** A plugin in C answers 0 for success: whoever closed that would close the engine's own input. */
function checkOwn(fd: number, answer: unknown, closer: 'host' | 'plugin', descriptors: Descriptors): void {
  checkOpen(fd, answer);
  const why = descriptors.whyNot(fd, closer);
  if (why === null) return;
  const message = `answered ${describe(answer)}: descriptor ${fd}, ${why}`;
  throw new BadAnswer(message, 'The hook must answer a descriptor that the plugin opened for this resource, or throw.');
}

function checkOpen(fd: number, answer: unknown): void {
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fff_ffff)
    throw bad(answer, 'a descriptor: an integer from 0 on', descriptorMeanings);
  try {
    fstatSync(fd);
  } catch (cause) {
    throw bad(answer, 'a descriptor that is open: the host closes it, not the plugin', undefined, cause);
  }
}

async function releaseDescriptor(answer: unknown, descriptors: Descriptors): Promise<void> {
  if (typeof answer !== 'number' && typeof answer !== 'object') return;
  const contain = async (close: () => unknown): Promise<void> => void (await close());
  await readDescriptor(answer, { descriptors, what: 'a call that had failed by then', contain }).close();
}

function isOffset(value: unknown): value is number | bigint {
  return (typeof value === 'bigint' || Number.isSafeInteger(value)) && (value as number) >= 0;
}

function bad(answer: unknown, allowed: string, meanings?: Meanings, cause?: unknown): BadAnswer {
  const ported = meanings === undefined ? undefined : insteadOfC(answer, meanings);
  const remedy = `The hook must answer ${allowed}, or throw.`;
  return new BadAnswer(`answered ${describe(answer)}`, ported === undefined ? remedy : `${ported} ${remedy}`, cause);
}
