import { inspect } from 'node:util';
import { type Context, notSupported, PluginError } from '@criujs/plugin-sdk';
import { errnoName, isDecline, isNegativeErrno } from './errno.ts';
import type { OldCall } from './old-hooks.ts';

/** A function of an old module, or of a compiled plugin. */
export interface OldFunction {
  /** As the module calls it. */
  readonly name: string;
  /** The module's, for messages. */
  readonly path: string;
  /** The context is for those that run elsewhere; the function itself knows of none. */
  readonly call: (args: readonly unknown[], context: OldContext) => unknown;
}

/** What a call needs that is made in another process. */
export type OldContext = Pick<Context<never>, 'log' | 'signal' | 'image' | 'require'>;

/**
 * Calls a function that answers an `int`, as all of C's hooks do, or a promise of one.
 * @returns what today's hook answers; `notSupported` for -ENOTSUP, answered or thrown
 * @throws PluginError with errno for a negative number, HOOK_BAD_RESULT for what no function in C could answer there
 */
export async function callOld(old: OldFunction, call: OldCall, context: OldContext): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await old.call(call.args, context);
  } catch (thrown) {
    if (textOf(thrown, 'code') === 'ENOTSUP') return notSupported;
    throw failed(old, thrown);
  }
  if (isDecline(answer)) return notSupported;
  if (isNegativeErrno(answer)) throw refused(old, answer);
  const accepted = Number.isInteger(answer) ? call.accept(answer as number) : null;
  if (accepted === null) throw badAnswer(old, answer, call.wants);
  return accepted.result;
}

/** Calls one that answers nothing (`void` in C): `cr_plugin_fini` and a descriptor's `exit`. */
export async function callVoid(old: OldFunction, args: readonly unknown[], context: OldContext): Promise<void> {
  try {
    await old.call(args, context);
  } catch (thrown) {
    throw failed(old, thrown);
  }
}

/** Calls one that must not fail and cannot decline: `cr_plugin_init` and a descriptor's `init`. */
export async function callInit(old: OldFunction, call: OldCall, context: OldContext): Promise<void> {
  if ((await callOld(old, call, context)) === notSupported) throw refused(old, -95);
}

function nameOf({ name, path }: OldFunction): string {
  return `${name} of ${path}`;
}

function refused(old: OldFunction, answer: number): PluginError {
  const errno = isDecline(answer) ? 'ENOTSUP' : errnoName(answer);
  return new PluginError(`${nameOf(old)} answered ${answer}${errno === undefined ? '' : ` (${errno})`}`, {
    errno: errno ?? -answer,
    remedy: `Look at what ${old.name} does there, or run without this plugin.`,
  });
}

/** `undefined` is one of them: a function in C always answers, so nobody knows whether this one is done or forgot to say that it failed. */
function badAnswer(old: OldFunction, answer: unknown, wants: string): PluginError {
  const shown = inspect(answer, { depth: 0, customInspect: false });
  return new PluginError(`${nameOf(old)} answered ${shown.slice(0, 100)}`, {
    code: 'HOOK_BAD_RESULT',
    remedy: `${old.name} must answer ${wants}, or a negative errno; -ENOTSUP (-95) passes the resource on.`,
  });
}

function failed(old: OldFunction, thrown: unknown): PluginError {
  const code = textOf(thrown, 'code');
  const errno = code !== undefined && /^E[A-Z0-9]+$/.test(code) ? code : textOf(thrown, 'errno');
  const remedy = textOf(thrown, 'remedy');
  return new PluginError(`${nameOf(old)} threw ${thrown instanceof Error ? thrown.message : inspect(thrown)}`, {
    cause: thrown,
    ...(errno === undefined ? {} : { errno }),
    ...(remedy === undefined ? {} : { remedy }),
  });
}

function textOf(thrown: unknown, property: string): string | undefined {
  const value = (thrown as Readonly<Record<string, unknown>> | null | undefined)?.[property];
  return typeof value === 'string' ? value : undefined;
}
