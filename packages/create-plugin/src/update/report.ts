import { type DiffLine, diffLines } from './diff-lines.ts';
import type { Step } from './run-migrations.ts';
import type { Change } from './tree.ts';

/** All that an update did, or on a dry run would do; `--json` prints it as it is. */
export interface Update {
  readonly folder: string;
  /** The template version that the project had, and the one that it has then. */
  readonly from: number;
  readonly to: number;
  readonly dryRun: boolean;
  readonly steps: readonly Step[];
  readonly changes: readonly Change[];
}

/** The same for people: what is new, each file with the lines that change, and what is left to do. */
export function describeUpdate({ folder, from, to, dryRun, steps, changes }: Update): string {
  if (steps.length === 0) return `${folder} is of template ${to} already: nothing to do.`;
  const byHand = steps.flatMap((step) => step.byHand);
  const sections = [
    `${folder}: template ${from} → ${to}`,
    steps.map((step) => `  ${step.to}  ${step.title}`).join('\n'),
    ...changes.map(describeChange),
    ...(byHand.length > 0 ? [['Left to you:', ...byHand.map((line) => `  - ${line}`)].join('\n')] : []),
    dryRun ? 'A dry run: nothing was changed.' : 'Look at it with git diff, run the tests, and commit it.',
  ];
  return sections.join('\n\n');
}

function describeChange({ path, before, after }: Change): string {
  const lines = diffLines(before, after);
  const count = (sign: string): number => lines.filter((line: DiffLine) => line.startsWith(sign)).length;
  const word = before === null ? 'new' : after === null ? 'removed' : 'changed';
  return [`${word} ${path} (+${count('+')} −${count('-')})`, ...lines.map((line) => `    ${line}`)].join('\n');
}
