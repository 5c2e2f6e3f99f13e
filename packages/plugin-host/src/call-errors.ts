import type { Thrown } from '@criujs/plugin-sdk';
import { describeThrown, errnoOf, isHarmless, textOf } from './describe.ts';
import { HostError, type HostErrorCode } from './errors.ts';
import { placeText } from './facts/thrown-text.ts';
import type { BadAnswer, Invocation } from './invocation.ts';
import type { Run } from './run.ts';
import { remedyFor, remedyForThrow } from './thrown/remedy.ts';
import { lookAt } from './thrown/thrown.ts';

// What calls of plugins fail with: here errors gain plugin, hook and resource.

/** What of a call its errors name. */
type Named = Pick<Invocation<unknown>, 'plugin' | 'hook' | 'resource' | 'home'>;

/** Errors that were made for people: their message says what it needs to say, without a place in code. */
const told: ReadonlySet<unknown> = new Set(['PluginError', 'HostError', 'EngineError']);

/** `plugin kvm: DUMP_EXT_FILE of file 3 (/dev/kvm)` */
function name({ plugin, hook, resource }: Named): string {
  return `plugin ${plugin}: ${hook}${resource === undefined ? '' : ` of ${resource}`}`;
}

/** What an error has beside what it says. */
interface Why {
  readonly cause?: unknown;
  readonly thrown?: Thrown;
}

function error(it: Named, code: HostErrorCode, what: string, remedy: string, { cause, thrown }: Why = {}): HostError {
  const { plugin, hook, resource } = it;
  const errno = cause === undefined ? undefined : errnoOf(cause);
  return new HostError(code, `${name(it)} ${what}`, {
    plugin,
    hook,
    resource,
    remedy,
    errno,
    thrown,
    ...(isHarmless(cause) ? { cause } : {}),
  });
}

/** It threw or rejected. `how`: when that was not the call itself. */
export function failed(it: Invocation<unknown>, cause: unknown, how = ''): HostError {
  const { thrown, folder } = lookAt(cause, it.home);
  const remedy = textOf(cause, 'remedy') ?? remedyForThrow(it.plugin, folder, thrown);
  const isTold = thrown.at === undefined || told.has(thrown.name);
  const where = isTold ? '' : ` (at ${placeText(thrown.at)})`;
  return error(it, it.failure, `failed: ${how}${describeThrown(cause)}${where}`, remedy, { cause, thrown });
}

/** It answered what it may not. */
export function badAnswer(it: Invocation<unknown>, { message, remedy, cause }: BadAnswer): HostError {
  const thrown = cause === undefined ? {} : { cause, thrown: lookAt(cause, it.home).thrown };
  return error(it, 'HOOK_BAD_RESULT', message, remedyFor(it.plugin, it.home, remedy), thrown);
}

/** It closed the descriptor that it was asked about. */
export function closedLent(it: Named, fd: number): HostError {
  const remedy =
    'Leave args.fd open: the engine closes it. To keep the file, open it anew by its number in /proc/self/fd.';
  const what = `closed descriptor ${fd}, which the engine only lent to it`;
  return error(it, 'HOOK_FAILED', what, remedyFor(it.plugin, it.home, remedy));
}

/** It changed what everything in this process uses; by now it is as before. `name`: of one built-in object. */
export function replaced(it: Invocation<unknown>, name: string): HostError {
  const remedy = `Use a function of the plugin's own instead of replacing ${name}; or remove the library that does it.`;
  return error(
    it,
    it.failure,
    `replaced ${name}, which all code in this process uses`,
    remedyFor(it.plugin, it.home, remedy),
  );
}

/** Its deadline has passed. */
export function late(it: Invocation<unknown>): HostError {
  const first = 'Allow more time if the plugin is only slow';
  const remedy = remedyFor(it.plugin, it.home, `${first}; otherwise find out what it waits for.`, first);
  return error(it, 'HOOK_TIMEOUT', `did not answer within ${it.deadline ?? it.run.deadline} ms`, remedy);
}

/** It called what ends the process. */
export function exited(it: Invocation<unknown>, call: string): HostError {
  const remedy = 'Throw an error instead: a plugin must not end the process that hosts it.';
  return error(it, 'PLUGIN_EXITED', `called ${call}`, remedyFor(it.plugin, it.home, remedy));
}

/** The run's signal ended it. */
export function aborted(it: Invocation<unknown>): HostError {
  return error(it, 'ABORTED', 'was ended: the run was aborted', 'Start the run again when you want it to go on.', {
    cause: it.run.signal?.reason,
  });
}

/** It answered before its writes had ended. `open`: at least one. */
export function leftOpen(it: Invocation<unknown>, open: readonly string[]): HostError {
  const [first] = open;
  const others = open.length > 1 ? ` and ${open.length - 1} more` : '';
  return error(
    it,
    it.failure,
    `answered before ${first}${others} had ended`,
    remedyFor(it.plugin, it.home, `Await it: await ${first}`),
  );
}

/** It wrote after its answer. */
export function wroteLate(it: Invocation<unknown>, what: string): HostError {
  const remedy = `Await it, and everything that leads to it, before the hook answers: await ${what}`;
  return error(
    it,
    'HOOK_FAILED',
    `called ${what} after it had answered: nothing was written`,
    remedyFor(it.plugin, it.home, remedy),
  );
}

/** What it left going on took all of its time. */
export function stillBusy(it: Invocation<unknown>): HostError {
  const what = `took its part of the image, wrote nothing, and is still busy after ${it.deadline ?? it.run.deadline} ms`;
  const remedy = remedyFor(it.plugin, it.home, 'Await what leads to a write.');
  return error(it, 'HOOK_FAILED', `${what}: the dump does not wait for it`, remedy);
}

/** What it left for later took all of its time. */
export function lateWork(it: Invocation<unknown>): HostError {
  const what = `left work for later that has not ended within ${it.run.deadline} ms of all else being restored`;
  const remedy = 'Allow more time if the plugin is only slow; otherwise find out what it waits for.';
  return error(it, 'HOOK_TIMEOUT', what, remedy);
}

/** The run's signal ended the wait before a dump counts. */
export function abortedSeal(run: Run): HostError {
  return abortedBefore('the dump was complete', run);
}

/** The run's signal ended the wait for what was left for later. */
export function abortedSettle(run: Run): HostError {
  return abortedBefore('plugins had restored everything', run);
}

function abortedBefore(what: string, { signal }: Run): HostError {
  return new HostError('ABORTED', `the run was aborted before ${what}`, {
    remedy: 'Start the run again when you want it to go on.',
    cause: signal?.reason,
  });
}
