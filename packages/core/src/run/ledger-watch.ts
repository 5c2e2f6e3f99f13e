import { closedByPlugin, type EngineError } from '@criujs/engine-kit';
import type { Ledger } from '@criujs/linux';

/** Watches over the descriptors of the engine's thread while code of plugins runs beside it. */
export interface LedgerWatch {
  /** Forgets what the engine has closed itself by now. */
  settle(): void;
  /** @throws EngineError PLUGIN_FAILED: a descriptor of the engine is closed. `suspects`: who may have done it. */
  check(suspects: Suspects): void;
}

/** Plugins that ran since the engine has looked last. */
export interface Suspects {
  readonly plugins: readonly string[];
  readonly hook?: string | undefined;
  readonly resource?: string | undefined;
}

const nothing: LedgerWatch = { settle: () => undefined, check: () => undefined };

/** Watches a ledger; without one there are no plugins. */
export function watchLedger(ledger: Ledger | null): LedgerWatch {
  if (ledger === null) return nothing;
  let found: EngineError | null = null;
  return {
    settle: () => void ledger.takeClosed(),
    check({ plugins, hook, resource }) {
      const [fd] = ledger.takeClosed();
      // What is closed on the way out of the first one fails, too.
      if (found !== null) throw found;
      if (fd === undefined) return;
      const when = hook === undefined ? '' : `${hook}${resource === undefined ? '' : ` of ${resource}`} `;
      const what = `: ${when}closed descriptor ${fd}, which is the engine's own`;
      found = closedByPlugin(plugins, what, { hook, resource });
      throw found;
    },
  };
}
