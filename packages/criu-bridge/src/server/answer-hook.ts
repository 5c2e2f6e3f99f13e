import { EngineError, type LogEntry } from '@criujs/engine-kit';
import { nobodyRestores, putBack } from '@criujs/engine-kit/externals';
import { isGoing, isOver } from '@criujs/engine-kit/targets';
import type { HostAnswer, PluginHost } from '@criujs/plugin-host';
import { missingHook, type Unrestorable, whyUnrestorable } from '@criujs/plugin-host/facts';
import { type HookArgs, type HookName, hookTable, type OwnedDescriptor, type Provider } from '@criujs/plugin-sdk';
import { hookFlags, type MessageInput, replyFlags } from '@criujs/wire';
import { callers, hookOf, inRoot, type Memory, type Question } from './calls.ts';
import { errnoFor, failureOf, inOneLine } from './failure.ts';
import { mappedDevice } from './file.ts';
import { inventoryName } from './inventory-name.ts';
import type { Ledger } from './ledger.ts';

export interface HookAnswerer {
  readonly host: PluginHost;
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly onLog: (entry: LogEntry) => void;
  /** Also take what no loaded plugin could restore, and note it. */
  readonly dumpOnly: boolean;
  /** How many hooks CRIU knows. */
  readonly criuHooks: () => number;
}

/** A reply, and the descriptor that goes with it, which is closed once it is sent. */
export interface Reply {
  readonly message: MessageInput<'REPLY'>;
  readonly descriptor?: OwnedDescriptor;
}

const ENOTSUP = 95;
/** RESTORE_EXT_FILE may ask for a second call in a CRIU with this many hooks: one after 4.2. */
const hooksWithRetry = 14;

/**
 * Calls plugins for CRIU. Never rejects: what fails is an answer, too, and noted. Once something has failed no plugin is asked any
 * more, whatever CRIU goes on with until it notices.
 */
export async function answerHook(it: HookAnswerer, question: Question): Promise<Reply> {
  const { ledger } = it;
  const { hook: number, id } = question.message;
  const hook = hookOf(number);
  const isPause = hook === 'PAUSE_DEVICES';
  try {
    const [first] = ledger.failures;
    if (first !== undefined) return refuse(first, first);
    if (hook === undefined) throw unknownHook(number);
    // CRIU asks about zombies, too.
    return isPause && isOver(id) ? told : await ask(it, hook, question);
  } catch (error) {
    const failure = failureOf(error, hook);
    ledger.fail(failure);
    return refuse(failure, error);
  }
}

const told: Reply = { message: { type: 'REPLY' } };

function refuse(failure: EngineError, error: unknown): Reply {
  return { message: { type: 'REPLY', result: errnoFor(error), error: inOneLine(failure) } };
}

async function ask<N extends HookName>(it: HookAnswerer, hook: N, question: Question): Promise<Reply> {
  const { host, memory, ledger } = it;
  const { args: argsOf, provider: providerOf, answer: answerOf } = callers[hook];
  const args = argsOf(question, memory);
  const provider = providerOf?.(question, memory) ?? null;
  const how = {
    ...(provider !== null && { provider: provider.name, providerVersion: provider.version }),
    // CRIU has not stopped it yet.
    ...(hook === 'PAUSE_DEVICES' && { isGone: () => isGoing(question.message.id) }),
  };
  const given: HostAnswer<HookName> = await host.call<HookName>(hook, args, how);
  if (!given.claimed) return unclaimed(it, hook, question, provider);
  const { plugin, version, result } = given;
  const resource = resourceOf(hook, question);
  checkBringsBack(it, { hook, plugin, resource });
  ledger.take(hook, args, { name: plugin, version: version ?? null }, resource);
  const { descriptor, ...answer } = answerOf(result as never);
  if (answer.flags === replyFlags.RETRY && it.criuHooks() < hooksWithRetry) throw cannotRetry(plugin, hook);
  if (hook === 'RESTORE_EXT_FILE' && descriptor !== undefined) {
    finishFile(it, args as HookArgs<'RESTORE_EXT_FILE'>, descriptor.fd, plugin);
  }
  // What a dump is told goes into CRIU's inventory; a restore says it in messages.
  const named = hookTable[hook].context === 'task' ? plugin : (inventoryName(host, plugin) ?? '');
  const message = { type: 'REPLY', plugin: named, ...answer } as const;
  return descriptor === undefined ? { message } : { message, descriptor };
}

/** @throws EngineError UNSUPPORTED: no loaded plugin could restore it, and the tree would end */
function checkBringsBack({ host, ledger, dumpOnly }: HookAnswerer, taken: Omit<Unrestorable, 'missingHook'>): void {
  const missing = missingHook(taken.hook, host);
  if (missing === null) return;
  const unrestorable = { ...taken, missingHook: missing };
  if (dumpOnly) {
    ledger.forgo(unrestorable);
    return;
  }
  const { why, remedy } = whyUnrestorable(unrestorable);
  const { plugin, resource } = taken;
  throw new EngineError('UNSUPPORTED', `${resource}: ${why}`, { plugin, hook: missing, resource, remedy });
}

const nouns: Partial<Record<HookName, string>> = {
  DUMP_UNIX_SK: 'unix socket',
  DUMP_EXT_FILE: 'file',
  DUMP_EXT_MOUNT: 'mount',
  DUMP_EXT_LINK: 'network link',
};

function resourceOf(hook: HookName, { message }: Question): string {
  const { id, path } = message;
  if (hook === 'HANDLE_DEVICE_VMA') {
    const { rdev } = mappedDevice(message);
    return `a mapped device (${rdev.major}:${rdev.minor})`;
  }
  const what = `${nouns[hook] ?? hook} ${id}`;
  return path === '' ? what : `${what} (${hook === 'DUMP_EXT_MOUNT' ? inRoot(path) : path})`;
}

/** CRIU goes on to the next plugin of its own, and says itself when there is none: but not for all that is restored. */
function unclaimed(it: HookAnswerer, hook: HookName, { message }: Question, provider: Provider | null): Reply {
  const { ledger } = it;
  if (hookTable[hook].kind === 'observer') return told;
  if (hook === 'RESTORE_UNIX_SK' || hook === 'RESTORE_EXT_FILE' || hook === 'RESTORE_EXT_MOUNT') {
    const words = { RESTORE_UNIX_SK: 'unix socket', RESTORE_EXT_FILE: 'file', RESTORE_EXT_MOUNT: 'mount' }[hook];
    ledger.fail(nobodyRestores(hook, `${words} ${message.id}`, provider));
  }
  // CRIU went on as if the file had been taken.
  if (message.about & hookFlags.POSTED) throw nobodyTakes(message.id, message.path);
  return { message: { type: 'REPLY', result: -ENOTSUP } };
}

function finishFile(it: HookAnswerer, { id, file }: HookArgs<'RESTORE_EXT_FILE'>, fd: number, plugin: string): void {
  // Nothing was recorded of a file that CRIU alone dumped.
  if (file.provider === null) return;
  const resource = `file ${id}${file.path === null ? '' : ` (${file.path})`}`;
  for (const what of putBack(fd, file)) {
    it.onLog({ level: 'warn', plugin, hook: 'RESTORE_EXT_FILE', resource, message: `${resource}: ${what}` });
  }
}

function unknownHook(number: number): EngineError {
  return new EngineError('CRIU_FAILED', `CRIU calls hook ${number}, which this release does not know`, {
    remedy: 'Install packages of criujs of one release.',
  });
}

function cannotRetry(plugin: string, hook: HookName): EngineError {
  const message = `plugin ${plugin}: ${hook} answered retryLater, which this CRIU does not support`;
  const remedy = 'Restore with a CRIU after 4.2, or with the embedded engine.';
  return new EngineError('HOOK_BAD_RESULT', message, { plugin, hook, remedy });
}

function nobodyTakes(id: number, path: string): EngineError {
  const resource = `file ${id}${path === '' ? '' : ` (${path})`}`;
  return new EngineError('UNSUPPORTED', `no plugin takes ${resource}, and CRIU does not know such files`, {
    hook: 'DUMP_EXT_FILE',
    resource,
    remedy: 'Load a plugin with a DUMP_EXT_FILE hook for it: --plugin NAME.',
  });
}
