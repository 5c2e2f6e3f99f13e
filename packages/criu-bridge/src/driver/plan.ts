import type { PlanRow } from '@criujs/engine-kit';

/** CRIU cannot be asked before it dumps. */
const ofCriu = { taker: { engine: 'CRIU' }, why: 'whether CRIU takes it shows at the dump.' } as const;

/**
 * What is known of a resource before CRIU dumps it. Plugins were asked for their claims; CRIU cannot be asked, so what the
 * embedded engine would take or refuse says only what it is. What that engine knows and asks plugins for, CRIU knows as well,
 * and asks nobody.
 */
export function planRow(row: PlanRow): PlanRow {
  const { taker, why, remedy, reason, conflict, missingHook, ...rest } = row;
  if (taker !== null && 'plugin' in taker) return reason === undefined ? row : { ...rest, ...ofCriu };
  if (taker !== null) return { ...rest, taker: { engine: `CRIU (${taker.engine})` } };
  const others = why === undefined ? '' : ` The embedded engine would refuse it: ${why}.`;
  return { ...rest, taker: ofCriu.taker, why: `${ofCriu.why}${others}` };
}
