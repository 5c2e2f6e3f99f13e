import { readFileSync } from 'node:fs';
import type { ProcessKind, ProcessProblem, SeenProcess } from './kind.ts';

/** What says that no module confines it. */
const unconfined: readonly string[] = ['', 'unconfined', 'kernel'];

/**
 * The label that a security module gives it: AppArmor's profile, SELinux's context. A restored process has that of the engine.
 * proc_pid_attr(5).
 */
export const securityLabel: ProcessKind = {
  name: 'security label',
  describe: [
    { subject: 'rights and limits', refused: ["AppArmor profiles and SELinux contexts other than criujs' own"] },
  ],
  recognise,
  look({ pid }) {
    const label = areThereLabels() ? labelOf(pid) : '';
    return unconfined.includes(label) ? {} : { record: { label } };
  },
  apply(_, { pid, recorded, warn }) {
    const now = labelOf(pid);
    if (recorded?.label !== undefined && recorded.label !== now)
      warn(`its security label was ${recorded.label} and is ${now || 'none'} now`);
  },
};

function recognise(seen: SeenProcess): ProcessProblem[] {
  if (!areThereLabels()) return [];
  const label = labelOf(seen.pid);
  const found = labelProblem(label, labelOf(process.pid));
  if (found.length > 0) return found;
  return seen.others.flatMap(({ tid }) =>
    labelProblem(labelOf(`${seen.pid}/task/${tid}`), label).map((it) => ({
      ...it,
      resource: `thread ${tid}: ${it.resource}`,
    })),
  );
}

/** @param own the engine's */
export function labelProblem(label: string, own: string): ProcessProblem[] {
  if (unconfined.includes(label) || label === own) return [];
  return [
    {
      resource: `security label ${label}`,
      why: 'a security module confines it, and a restored process has the label of this engine',
      remedy: 'Run it without the profile, run criujs under the same one, or dump it with CRIU.',
    },
  ];
}

let given: boolean | undefined;

/** Whether a module gives labels. Found out once: which modules there are is settled when the machine starts. */
function areThereLabels(): boolean {
  given ??= labelOf(process.pid) !== '';
  return given;
}

function labelOf(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/attr/current`, 'latin1').replace(/[\0\n]+$/, '');
  } catch {
    // No module gives labels.
    return '';
  }
}
