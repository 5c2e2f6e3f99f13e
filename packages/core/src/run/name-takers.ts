import type { PlanRow } from '../options.ts';
import type { ServedHooks } from './protocol.ts';

/** Names the plugin that will be asked, where only one has the hook. */
export function nameTakers(rows: readonly PlanRow[], served: ServedHooks): PlanRow[] {
  return rows.map((row) => {
    if (row.taker === null || 'engine' in row.taker) return row;
    const { hook } = row.taker;
    const [only, ...others] = served[hook] ?? [];
    return only === undefined || others.length > 0 ? row : { ...row, taker: { plugin: only, hook } };
  });
}
