import { writeSync } from 'node:fs';
import { EngineError, openOwnFile, whichPlugin } from '@criujs/engine-kit';
import type { HookAnswer } from '@criujs/plugin-host';
import type { PluginRecord } from '@criujs/plugin-host/facts';
import { type HookName, retryLater } from '@criujs/plugin-sdk';
import type { LedgerWatch } from './ledger-watch.ts';
import type { AskingEnd, Patience } from './link.ts';
import type { Notice, Request, StartedPlugins, WireAnswer } from './protocol.ts';
import type { Session, SessionStore } from './session.ts';

/** Milliseconds that the main thread may be late with what it should have answered at a deadline. */
const graceMs = 1000;

/** How long the engine waits for the main thread. */
export interface Deadlines {
  readonly hookMs: number;
  readonly plugins: number;
}

/** What a session of the engine's thread is made of. */
export interface SessionParts extends StartedPlugins {
  readonly link: AskingEnd;
  readonly store: SessionStore;
  readonly deadlines: Deadlines;
  readonly ledger: LedgerWatch;
  readonly warnings: string[];
  notify(notice: Notice): void;
}

/** Patience with whatever runs plugins' code: each of them may take its time, one after the other. */
export function patienceWithPlugins(
  deadlines: Deadlines,
  { notice, late }: Pick<Patience, 'notice' | 'late'>,
): Patience {
  return {
    limitMs: deadlines.hookMs * Math.max(1, deadlines.plugins) + graceMs,
    silenceMs: deadlines.hookMs + graceMs,
    notice,
    late,
  };
}

/** The session of a run, on the engine's thread. */
export function createSession(parts: SessionParts): Session {
  const { link, store, served, plugins, deadlines, ledger, warnings, notify } = parts;
  const trace = openPhaseLog();
  const begin = (name: string): void => {
    if (trace !== null) writeSync(trace, `${name}\n`);
    notify({ kind: 'phase', name });
  };
  const betweenCalls = patienceWithPlugins(deadlines, {
    notice: () => notify({ kind: 'warning', message: 'waiting for what plugins have left running' }),
    late: () => lateBetweenCalls(deadlines),
  });
  return {
    store: heeding(store, () => link.checkAborted()),
    hooks: {
      plugins,
      serves: (name) => served[name] !== undefined,
      record(took) {
        if (plugins.length === 0) return [];
        return link.ask({ kind: 'record', took } satisfies Request, betweenCalls) as readonly PluginRecord[];
      },
      call(name, args, how = {}) {
        if (served[name] === undefined && how.provider === undefined) return { claimed: false };
        const request: Request = { kind: 'hook', hook: name, args, ...how };
        const call = { hook: name, plugins: served[name] ?? [], resource: how.resource };
        const patience = patienceWithPlugins(deadlines, {
          notice: () => notify({ kind: 'warning', message: `waiting for ${whoIsAsked(call)}` }),
          late: (lateness) => lateHook(lateness, call, deadlines),
        });
        ledger.settle();
        const answer = link.ask(request, patience) as WireAnswer;
        ledger.check({ ...call, plugins: answer.claimed ? [answer.plugin] : call.plugins });
        return decodeAnswer(answer);
      },
      seal() {
        if (plugins.length === 0) return;
        link.ask({ kind: 'seal' } satisfies Request, betweenCalls);
      },
      settle() {
        if (plugins.length === 0) return;
        ledger.settle();
        link.ask({ kind: 'settle' } satisfies Request, betweenCalls);
        ledger.check({ plugins: plugins.map(({ name }) => name) });
      },
    },
    phase(name) {
      link.checkAborted();
      begin(name);
    },
    finalPhase(name) {
      link.ignoreAbort();
      begin(name);
    },
    checkAborted: () => link.checkAborted(),
    notice: (message) => notify({ kind: 'warning', message }),
    warn(message) {
      warnings.push(message);
      notify({ kind: 'warning', message });
    },
  };
}

/** Checks for an abort at every image that is read or written. */
function heeding(store: SessionStore, check: () => void): SessionStore {
  return {
    ...store,
    read(name) {
      check();
      return store.read(name);
    },
    open(name, mode) {
      check();
      return store.open(name, mode);
    },
    write(name, bytes) {
      check();
      store.write(name, bytes);
    },
  };
}

/** Tests that kill the engine read here in which phase it was: messages to the main thread would die with it. */
function openPhaseLog(): number | null {
  const { CRIUJS_PHASE_LOG: log = '' } = process.env;
  if (log === '') return null;
  return /^\d+$/.test(log) ? Number(log) : openOwnFile({ what: 'the log of phases', path: log, append: true });
}

function decodeAnswer<N extends HookName>(wire: WireAnswer): HookAnswer<N> {
  if (!wire.claimed) return { claimed: false };
  const result = 'retryLater' in wire.result ? retryLater : wire.result.value;
  return { claimed: true, plugin: wire.plugin, version: wire.version, result } as HookAnswer<N>;
}

function lateBetweenCalls({ hookMs }: Deadlines): EngineError {
  const message = `a plugin blocks the main thread between two calls: more than ${hookMs} ms`;
  return new EngineError('HOOK_TIMEOUT', message, {
    remedy: 'Find the plugin with -v, and make it asynchronous or remove it.',
  });
}

/** One call of a hook. */
interface HookCall {
  readonly hook: HookName;
  /** Those that have it. */
  readonly plugins: readonly string[];
  readonly resource: string | undefined;
}

function whoIsAsked({ hook, plugins, resource }: HookCall): string {
  return `${whichPlugin(plugins)}: ${hook}${resource === undefined ? '' : ` for ${resource}`}`;
}

function lateHook(lateness: 'slow' | 'blocked', call: HookCall, deadlines: Deadlines): EngineError {
  const { hook, plugins, resource } = call;
  const how =
    lateness === 'blocked'
      ? 'blocks the main thread (an endless loop, or a synchronous call that waits)'
      : 'does not answer';
  return new EngineError('HOOK_TIMEOUT', `${whoIsAsked(call)} ${how}; it had ${deadlines.hookMs} ms`, {
    plugin: plugins.length === 1 ? plugins[0] : undefined,
    hook,
    resource,
    remedy:
      lateness === 'blocked'
        ? 'Make the hook asynchronous, or remove the plugin.'
        : 'Make the hook faster, or give it more time with hookDeadline.',
  });
}
