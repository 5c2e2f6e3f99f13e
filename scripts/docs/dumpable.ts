import { type Description, type Subject, subjects } from '../../packages/core/src/kinds/description.ts';
import { fileKinds } from '../../packages/core/src/kinds/files/table.ts';
import { mapKinds } from '../../packages/core/src/kinds/maps/table.ts';
import { objectKinds } from '../../packages/core/src/kinds/objects/table.ts';
import { processKinds } from '../../packages/core/src/kinds/processes/table.ts';
import { threadKinds } from '../../packages/core/src/kinds/threads/table.ts';
import { traitKinds } from '../../packages/core/src/kinds/traits/table.ts';
import { treeKinds } from '../../packages/core/src/kinds/trees/table.ts';
import { notYet, takenBySteps } from '../../packages/core/src/kinds/without-kind.ts';
import { betweenMarks } from './between-marks.ts';

/** Every table of kinds, in the order in which their words follow one another within a row. */
const kinds: readonly { readonly describe: readonly Description[] }[] = [
  ...fileKinds,
  ...mapKinds,
  ...traitKinds,
  ...objectKinds,
  ...processKinds,
  ...threadKinds,
  ...treeKinds,
];

/** All that the README's table says. */
export const descriptions: readonly Description[] = [
  ...takenBySteps,
  ...kinds.flatMap(({ describe }) => describe),
  ...notYet,
];

const begin = '<!-- dumpable: made from packages/core/src/kinds by `npm run docs` -->';
const end = '<!-- /dumpable -->';

/** The README with its table made anew. @throws Error when the marks of the table are not there */
export function withDumpableTable(readme: string): string {
  return betweenMarks(readme, [begin, end], table);
}

function table(): string {
  return [
    '| subject | taken | refused for now, before anything is changed |',
    '| --- | --- | --- |',
    ...subjects.map(row),
  ].join('\n');
}

function row(subject: Subject): string {
  const own = descriptions.filter((it) => it.subject === subject);
  const taken = own.flatMap((it) => it.taken ?? []).join(', ');
  const refused = own.flatMap((it) => it.refused ?? []).join(', ');
  return `| ${[subject, taken, refused].join(' | ')} |`.replaceAll('|  |', '| |');
}
