import { closeFd } from '@criujs/linux';
import {
  type HookArgs,
  type HookName,
  type HookRegistration,
  hook,
  hookTable,
  notSupported,
  PluginError,
} from '@criujs/plugin-sdk';
import { replyFlags } from '@criujs/wire';
import { callOld, type OldContext, type OldFunction } from '../call-old.ts';
import { type OldCall, oldHooks } from '../old-hooks.ts';
import { type Answer, type Asked, askHook } from './ask.ts';

/** Asks the process of a plugin. */
export type Ask = (asked: Asked, context: OldContext) => Promise<Answer>;

/** A function of a compiled plugin. */
export type CompiledFunction = Pick<OldFunction, 'name' | 'path'>;

/** A hook of a compiled plugin as a current hook: its answers mean what they mean in the older structures. */
export function compiledHook<N extends HookName>(name: N, compiled: CompiledFunction, ask: Ask): HookRegistration {
  const observes = hookTable[name].kind === 'observer';
  return hook(name, (async (args: HookArgs<N>, context: OldContext) => {
    const call: OldCall = oldHooks[name](args);
    const answer = readAnswer(name, compiled, await ask(askHook(name, args), context), call.args);
    const result = await callOld({ ...compiled, call: () => answer }, call, context);
    // All observers are told anyway: there is nobody to pass it on to.
    return observes && result === notSupported ? undefined : result;
  }) as never);
}

/** Puts what came back to where C has it: the function's number, and what its pointers lead to. */
function readAnswer(
  name: HookName,
  { name: called, path }: CompiledFunction,
  { reply, descriptor }: Answer,
  args: readonly unknown[],
): number {
  const { result, flags, offset, error } = reply;
  const opens = name === 'RESTORE_EXT_FILE' || name === 'RESTORE_UNIX_SK';
  const changed = name === 'UPDATE_VMA_MAP' && result === 1 && (flags & replyFlags.CHANGED) !== 0;
  if (descriptor !== null && !(opens && result > 2) && !changed) closeFd(descriptor);
  // A number without its descriptor would be one of ours.
  if (error !== '' || (opens && descriptor === null && result > 2)) {
    throw new PluginError(`${called} of ${path} answered ${result}, which ${error || 'is not a descriptor'}`, {
      code: 'HOOK_BAD_RESULT',
      remedy: `${called} must answer a descriptor that is open, or a negative errno.`,
    });
  }
  if (name === 'RESTORE_EXT_FILE' && (flags & replyFlags.RETRY) !== 0) set(args[1], true);
  if (changed) {
    set(args[3], offset);
    if (descriptor !== null) set(args[4], descriptor);
  }
  return opens && result > 2 && descriptor !== null ? descriptor : result;
}

function set(out: unknown, value: unknown): void {
  (out as { value: unknown }).value = value;
}
