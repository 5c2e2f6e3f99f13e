import { type FoundRefusal, type Refusal, refusedDump } from '@criujs/engine-kit';

/** A row of what was found that nobody takes. */
interface Refused extends Pick<FoundRefusal, 'pid' | 'resource' | 'passes' | 'questions'> {
  readonly command: string;
  readonly why?: string;
  readonly remedy?: string;
}

/** Refuses a dump for all that was found, in one error. @throws EngineError unless nothing was */
export function refuse(root: number, refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  const command = refusals.find(({ pid }) => pid === root)?.command ?? 'its tree';
  throw refusedDump({ pid: root, command }, refusals, sharedBlame(refusals));
}

/** A row as a user is told of it. */
export function asRefusal(row: Refused): FoundRefusal {
  const { pid, command, resource, why = 'nobody takes it', remedy = '', passes, questions } = row;
  return { pid, command, resource, why, remedy, ...(passes && { passes }), ...(questions && { questions }) };
}

/** The plugin and the hook that all refusals are about. */
function sharedBlame(refusals: readonly Refusal[]): { plugin?: string | undefined; hook?: string | undefined } {
  const [{ plugin, hook } = {}] = refusals as readonly Partial<Refusal>[];
  return refusals.every((it) => it.plugin === plugin && it.hook === hook) ? { plugin, hook } : {};
}
