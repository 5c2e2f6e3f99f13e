import type { CriuError, HookName } from '@criujs/plugin-sdk';
import { inWords } from './in-words.ts';
import type { ReplayReport } from './replay.ts';
import type { RunReport } from './report.ts';

/** What a matcher tells its test runner. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Narrows what `toHaveClaimed` looks for. */
export interface ClaimWanted {
  readonly plugin?: string;
  /** A part of the resource's words. */
  readonly resource?: string;
}

type Matcher<Args extends readonly unknown[], Received = RunReport> = (
  received: Received,
  ...args: Args
) => MatcherResult;

/** Matchers on reports, for any test runner with `expect.extend`. */
export const matchers: {
  readonly toHaveClaimed: Matcher<[hook: HookName, wanted?: ClaimWanted]>;
  readonly toHaveDeclined: Matcher<[hook: HookName, plugin?: string]>;
  readonly toHaveFailedWith: Matcher<[code: string, message?: string | RegExp]>;
  readonly toHaveCalled: Matcher<HookName[]>;
  readonly toHaveLogged: Matcher<[message: string | RegExp]>;
  readonly toHaveExitedCleanly: Matcher<[]>;
  readonly toHaveReplayed: Matcher<[], ReplayReport>;
} = {
  toHaveClaimed({ claims, error }, hook, { plugin, resource } = {}) {
    const pass = claims.some(
      (it) =>
        it.hook === hook &&
        (plugin === undefined || it.plugin === plugin) &&
        (resource === undefined || it.resource?.includes(resource) === true),
    );
    const wanted = [hook, plugin && `by ${plugin}`, resource && `of ${resource}`].filter(Boolean).join(' ');
    const lines = claims.map((it) => `${it.hook} by ${it.plugin} of ${it.resource}`);
    return told(pass, `a claim: ${wanted}`, lines, error);
  },
  toHaveDeclined({ calls, error }, hook, plugin) {
    const asked = calls.filter((it) => it.hook === hook).flatMap((it) => it.asked);
    const pass = asked.some((it) => it.answer === 'declined' && (plugin === undefined || it.plugin === plugin));
    const lines = asked.map((it) => `${it.plugin} ${it.answer}`);
    return told(pass, `${plugin ?? 'a plugin'} to decline ${hook}`, lines, error);
  },
  toHaveFailedWith({ error, stage }, code, message) {
    const pass = error?.code === code && (message === undefined || fits(error.message, message));
    const wanted = message === undefined ? code : `${code} (${String(message)})`;
    return told(pass, `the ${stage} to fail with ${wanted}`, error === undefined ? ['it went well'] : [], error);
  },
  toHaveCalled({ calls, error }, ...hooks) {
    const left = [...hooks];
    for (const { hook } of calls) if (hook === left[0]) left.shift();
    const lines = calls.map((it) => it.hook);
    return told(left.length === 0, `these calls in this order: ${hooks.join(', ')}`, lines, error);
  },
  toHaveLogged({ logs, error }, message) {
    const pass = logs.some((it) => fits(it.message, message));
    const lines = logs.map((it) => `${it.plugin} ${it.level}: ${it.message}`);
    return told(pass, `a message: ${String(message)}`, lines, error);
  },
  toHaveExitedCleanly({ inits, exits, exitErrors, ok }) {
    const heard = exits.every((it) => it.outcome.ok === ok);
    const order = exits.map((it) => it.plugin).join() === inits.toReversed().join();
    const lines = [...exits.map((it) => `exit of ${it.plugin}, outcome ${it.outcome.ok ? 'ok' : 'failed'}`)];
    const errors = exitErrors.map(inWords);
    return told(heard && order && errors.length === 0, `clean exits of ${inits.toReversed().join(', ')}`, [
      ...lines,
      ...errors,
    ]);
  },
  toHaveReplayed({ differences }) {
    const lines = differences.map((it) => `call ${it.n}, ${it.hook}: recorded ${it.recorded}, now ${it.now}`);
    return told(differences.length === 0, 'the answers of the record', lines);
  },
};

function told(pass: boolean, wanted: string, found: readonly string[], error?: CriuError): MatcherResult {
  const lines = [...found, ...(error === undefined ? [] : [`the run ended with: ${inWords(error)}`])];
  const list = lines.length === 0 ? ' nothing' : lines.map((it) => `\n  ${it}`).join('');
  return { pass, message: () => `expected ${pass ? 'not ' : ''}${wanted}\nfound:${list}` };
}

function fits(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
}
