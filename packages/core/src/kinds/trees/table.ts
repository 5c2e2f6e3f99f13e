import type { PlanSubject } from '@criujs/engine-kit';
import { clocks } from './clocks.ts';
import { exitSignals } from './exit-signals.ts';
import type { Family, TreeKind, TreeProblem } from './kind.ts';
import { namespaces } from './namespaces.ts';
import { seccomp } from './seccomp.ts';
import { sessions } from './sessions.ts';
import { sharing } from './sharing.ts';

/** Every subject of a whole tree. */
export const treeKinds: readonly TreeKind[] = [sharing, sessions, namespaces, seccomp, clocks, exitSignals];

/** What of a tree nobody can dump, and what it is about. */
export function recogniseTree(tree: Family): (TreeProblem & { readonly subject: PlanSubject })[] {
  return treeKinds.flatMap(({ subject = 'process', recognise }) =>
    (recognise?.(tree) ?? []).map((problem) => ({ ...problem, subject })),
  );
}
