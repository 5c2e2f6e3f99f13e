import { vmFlags } from '../../packages/core/src/kinds/maps/vm-flags.ts';
import { fdinfoLines } from '../../packages/core/test/mirror/fdinfo.ts';
import { optionsOfInet } from '../../packages/core/test/mirror/inet-options.ts';
import { prctls } from '../../packages/core/test/mirror/prctls.ts';
import { fates, type Property } from '../../packages/core/test/mirror/property.ts';
import { smapsLines } from '../../packages/core/test/mirror/smaps.ts';
import { statusFields } from '../../packages/core/test/mirror/status.ts';

/** What the kernel shows of a process, by where it shows it. */
export const mirrors: readonly { readonly title: string; readonly rows: readonly Property[] }[] = [
  { title: 'Fields of `/proc/PID/status`', rows: statusFields },
  {
    title: 'Flags of a memory map (`VmFlags`)',
    rows: vmFlags.map(({ letters, treatment, why }) => ({ name: letters, fate: treatment, why })),
  },
  { title: 'Lines of `/proc/PID/smaps`', rows: smapsLines },
  { title: 'Operations of `prctl` (`PR_…`)', rows: prctls },
  { title: 'Lines of `/proc/PID/fdinfo`', rows: fdinfoLines },
  { title: 'Options of internet sockets', rows: optionsOfInet },
];

const all = mirrors.flatMap(({ rows }) => rows);

/** The page `docs/what-comes-back.md`. */
export function mirrorPage(): string {
  const lost = all.filter(({ fate }) => fate === 'lost');
  return [
    '# What comes back',
    '<!-- made from packages/core/test/mirror and packages/core/src/kinds/maps/vm-flags.ts by `npm run docs` -->',
    'Everything that the kernel lets one see of a process, and what becomes of it when the embedded engine dumps and restores it. A test (`packages/core/test/mirror.test.ts`) sends one tree that has one of everything every way that there is, compares all that is restored, and fails at a line that this page does not have.',
    '- **restored**: it is there as it was before;\n- **refused**: a dump of a program that has it fails by name, before anything is changed;\n- **warned**: where it cannot be brought back, a dump or a restore says so;\n- **irrelevant**: it is no property of the program, for the reason that is given.',
    table(
      ['', ...fates],
      mirrors.map(({ title, rows }) => [title, ...fates.map((fate) => String(count(rows, fate)))]),
    ),
    '## Lost without a word',
    lost.length === 0 ? 'Nothing.' : lost.map(({ name, why }) => `- \`${name}\`: ${why}.`).join('\n'),
    ...mirrors.flatMap(({ title, rows }) => [`## ${title}`, tableOf(rows)]),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

function count(rows: readonly Property[], fate: Property['fate']): number {
  return rows.filter((row) => row.fate === fate).length;
}

/** Neighbours of one fate and one reason share a row. */
function tableOf(rows: readonly Property[]): string {
  const groups: Property[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last?.[0]?.fate === row.fate && last[0].why === row.why) last.push(row);
    else groups.push([row]);
  }
  return table(
    ['what', 'fate', 'how, or why'],
    groups.map((group) => [
      group.map(({ name }) => `\`${name}\``).join(', '),
      group[0]?.fate ?? '',
      group[0]?.why ?? '',
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
