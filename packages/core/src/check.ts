import type { LinuxError } from '@criujs/linux';
import { probeChild } from './run/probes/child.ts';
import { descriptorProbes } from './run/probes/descriptors.ts';
import { memoryProbes } from './run/probes/memory.ts';
import type { Finding, Probe } from './run/probes/probe.ts';
import { rightsProbes } from './run/probes/rights.ts';
import { tracingProbes } from './run/probes/tracing.ts';

/** What a user may want to do. */
export type Ability = 'dump' | 'restore' | 'samePids';

/** What one look at this machine came to. */
export interface CheckRow extends Finding {
  /** Stable, for programs: `ptrace`, `kcmp` … */
  readonly id: string;
  readonly title: string;
  /** What cannot be done without it; empty: nothing, it only works better with it. */
  readonly needs: readonly Ability[];
}

export interface CheckResult {
  /** One's own processes can be dumped. */
  readonly dump: boolean;
  /** They can be restored, with pids that the kernel chooses. */
  readonly restore: boolean;
  /** They can be restored with the pids that they had. */
  readonly samePids: boolean;
  readonly kernel: string;
  readonly rows: readonly CheckRow[];
}

const probes: readonly Probe[] = [...tracingProbes, ...descriptorProbes, ...memoryProbes, ...rightsProbes];

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
