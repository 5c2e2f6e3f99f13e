import { closeSync, fstatSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type HookName, type MountSource, type OwnedDescriptor, retryLater, type VmaSource } from '@criujs/plugin-sdk';
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

const nothing: AnswerRule = {
  read(answer) {
    if (answer === undefined) return undefined;
    throw bad(answer, 'nothing (undefined)');
  },
};

const descriptor: AnswerRule = { read: readDescriptor, release: releaseDescriptor };

const descriptorOrRetry: AnswerRule = {
  read: (answer, call) => (answer === retryLater ? retryLater : readDescriptor(answer, call)),
  release: releaseDescriptor,
};

const mountSource: AnswerRule = {
  read(answer): MountSource | undefined {
    if (answer === undefined) return undefined;
    const { source } = Object(answer) as Record<string, unknown>;
    if (typeof source === 'string' && isAbsolute(source) && !source.includes('\0')) return { source };
    throw bad(answer, 'nothing, or { source } with an absolute path');
  },
};

const vmaSource: AnswerRule = {
  read(answer, call): VmaSource | undefined {
    if (answer === undefined) return undefined;
    const { offset, fd } = Object(answer) as Record<string, unknown>;
    if (!isOffset(offset)) throw bad(answer, 'nothing, or { offset, fd? } with an offset in bytes');
    return fd === undefined ? { offset } : { offset, fd: readDescriptor(fd, call) };
  },
  release: (answer, descriptors) => releaseDescriptor((Object(answer) as Record<string, unknown>)['fd'], descriptors),
};

/** What each hook may answer, beside `notSupported` from a handler. */
export const answerRules: { readonly [N in HookName]: AnswerRule } = {
  DUMP_UNIX_SK: nothing,
  RESTORE_UNIX_SK: descriptor,
  DUMP_EXT_FILE: nothing,
  RESTORE_EXT_FILE: descriptorOrRetry,
  DUMP_EXT_MOUNT: nothing,
  RESTORE_EXT_MOUNT: mountSource,
  DUMP_EXT_LINK: nothing,
  HANDLE_DEVICE_VMA: nothing,
  UPDATE_VMA_MAP: vmaSource,
  RESUME_DEVICES_LATE: nothing,
  PAUSE_DEVICES: nothing,
  CHECKPOINT_DEVICES: nothing,
  POST_FORKING: nothing,
  RESTORE_INIT: nothing,
  DUMP_DEVICES_LATE: nothing,
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
  if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fff_ffff) throw bad(answer, 'a descriptor: an integer from 0 on');
  try {
    fstatSync(fd);
  } catch (cause) {
    throw bad(answer, 'a descriptor that is open: the host closes it, not the plugin', cause);
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

function bad(answer: unknown, allowed: string, cause?: unknown): BadAnswer {
  return new BadAnswer(`answered ${describe(answer)}`, `The hook must answer ${allowed}, or throw.`, cause);
}
