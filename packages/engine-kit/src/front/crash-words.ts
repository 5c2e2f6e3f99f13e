import type { CrashText, LastWords } from '@criujs/linux';
import type { PluginCall } from '@criujs/plugin-host';
import type { Stage } from '@criujs/plugin-sdk';
import { exitCodeOf } from '../errors/exit-codes.ts';
import { describeError, type ErrorFacts, reportError, tidyTerminal } from '../errors/last-words.ts';
import { safeJson, safeName } from '../errors/safe-text.ts';

/** What a run does. */
export type CrashStage = Stage | 'plan';

/** How far it is: a dump that is sealed may count at any moment. */
export type CrashMoment = 'works' | 'sealed' | 'done' | 'failed';

/** A moment of a run in which its process may end. */
export interface CrashFacts {
  /** Whose code was called last. */
  readonly call: PluginCall;
  readonly stage: CrashStage;
  readonly moment: CrashMoment;
  /** undefined: the process is not ours to end, and dies by its signal. */
  readonly lastWords: 'text' | 'json' | undefined;
}

const runsOn = 'The target runs on as it was.';

const looks: Readonly<Record<CrashMoment, string>> = { works: runsOn, sealed: runsOn, done: runsOn, failed: runsOn };

/** What became of the target. */
const outcomes: Readonly<Record<CrashStage, Readonly<Record<CrashMoment, string>>>> = {
  'pre-dump': looks,
  plan: looks,
  dump: {
    works: runsOn,
    sealed: 'The dump may be complete.',
    done: 'The dump is complete.',
    failed: 'The dump had failed before.',
  },
  restore: {
    works: '',
    sealed: '',
    done: 'The restore is complete.',
    failed: 'The restore had failed before.',
  },
};

/** Stands for the name of the signal, which only the handler knows. It comes first in the message: plugins choose the rest. */
const signal = 'SIGNAL';

/** Found out once: this is done at each call of a plugin. */
let tidy: string | undefined;

/** Makes what a process says that a signal ends: the error as always, around the name of the signal. */
export function crashWords({ call, stage, moment, lastWords }: CrashFacts): LastWords {
  const plugin = safeName(call.plugin);
  const hook = safeName(call.hook);
  const resource = call.resource === undefined ? undefined : safeName(call.resource);
  const about = resource === undefined ? hook : `${hook} of ${resource}`;
  const outcome = outcomes[stage][moment];
  const message = `${signal} ended the process. Plugin ${plugin} was called last: ${about}.${outcome && ` ${outcome}`}`;
  const remedy = 'Run it again without this plugin; if that works, report it to its authors.';
  const named = resource === undefined ? { plugin, hook } : { plugin, hook, resource };
  const error: ErrorFacts = { code: 'PLUGIN_FAILED', message, remedy, ...named };
  tidy ??= tidyTerminal();
  return {
    errors: around(tidy + describeError(error)),
    output: lastWords === 'json' ? around(`${safeJson(reportError(error))}\n`) : null,
    exitCode: lastWords === undefined ? null : exitCodeOf(error.code),
  };
}

function around(text: string): CrashText {
  const at = text.indexOf(signal);
  return { before: text.slice(0, at), after: text.slice(at + signal.length) };
}
