import type { PlanSubject } from '@criujs/engine-kit';
import { clocks } from './clocks.ts';
import { controlGroups } from './control-groups.ts';
import { exitSignals } from './exit-signals.ts';
import type { Family, TreeKind, TreeProblem, TreeResource } from './kind.ts';
import { namespaces } from './namespaces.ts';
import { queues } from './queues.ts';
import { seccomp } from './seccomp.ts';
import { semaphores } from './semaphores.ts';
import { sessions } from './sessions.ts';
import { sharing } from './sharing.ts';

/** Every subject of a whole tree. */
export const treeKinds: readonly TreeKind[] = [
  sharing,
  sessions,
  namespaces,
  seccomp,
  clocks,
  exitSignals,
  semaphores,
  queues,
  controlGroups,
];

/** What of a tree is dumped beside its processes, what it is about, and by which kind. */
export function surveyKinds(tree: Family): (TreeResource & { readonly subject: PlanSubject; readonly by: string })[] {
  return treeKinds.flatMap(({ name, subject = 'process', survey }) =>
    (survey?.(tree) ?? []).map((resource) => ({ ...resource, subject, by: name })),
  );
}

/** What of a tree nobody can dump, and what it is about. */
export function recogniseTree(tree: Family): (TreeProblem & { readonly subject: PlanSubject })[] {
  return treeKinds.flatMap(({ subject = 'process', recognise }) =>
    (recognise?.(tree) ?? []).map((problem) => ({ ...problem, subject })),
  );
}
