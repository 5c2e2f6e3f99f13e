import type { PlanRow } from '@criujs/plugin-host/engine';

/**
 * What is known of a resource before CRIU dumps it. Plugins were asked for their claims; CRIU cannot be asked, so what the
 * embedded engine would take or refuse says only what it is.
 */
export function planRow(row: PlanRow): PlanRow {
  const { taker, why, remedy, ...rest } = row;
  if (taker !== null && 'plugin' in taker) return row;
  if (taker !== null) return { ...rest, taker: { engine: `CRIU (${taker.engine})` } };
  const others = why === undefined ? '' : ` The embedded engine would refuse it: ${why}.`;
  return { ...rest, taker: { engine: 'CRIU' }, why: `whether CRIU takes it shows at the dump.${others}` };
}
