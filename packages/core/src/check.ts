import type { Ability, CheckResult, CheckRow, Finding } from '@criujs/engine-kit';
import type { LinuxError } from '@criujs/linux';
import { probeChild } from './run/probes/child.ts';
import { descriptorProbes } from './run/probes/descriptors.ts';
import { memoryProbes } from './run/probes/memory.ts';
import type { Probe } from './run/probes/probe.ts';
import { rightsProbes } from './run/probes/rights.ts';
import { surroundingsProbes } from './run/probes/surroundings.ts';
import { tracingProbes } from './run/probes/tracing.ts';

const probes: readonly Probe[] = [
  ...tracingProbes,
  ...descriptorProbes,
  ...memoryProbes,
  ...rightsProbes,
  ...surroundingsProbes,
];

/** Tries what a dump and a restore need, on this machine with these rights: on a small process of its own, and on nothing else. */
export function checkMachine(): CheckResult {
  const child = probeChild();
  try {
    const rows = probes.map(({ id, title, needs, look }) => ({ id, title, needs, ...attempt(() => look(child)) }));
    return { ...abilities(rows), kernel: child.kernel, rows };
  } finally {
    child.end();
  }
}

/** What can be done when these rows are all there is to know. */
export function abilities(rows: readonly Pick<CheckRow, 'needs' | 'state'>[]): Record<Ability, boolean> {
  const can = (ability: Ability): boolean =>
    rows.every((row) => row.state !== 'missing' || !row.needs.includes(ability));
  return { dump: can('dump'), restore: can('restore'), samePids: can('samePids') };
}

/** A look that fails in a way nobody thought of is still an answer. */
function attempt(look: () => Finding): Finding {
  try {
    return look();
  } catch (error) {
    const { message, remedy } = error as LinuxError;
    return { state: 'missing', detail: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}
