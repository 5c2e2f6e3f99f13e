import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { betweenMarks } from './between-marks.ts';

/** What `npm run apps -- --docs` has seen. */
interface Apps {
  /** `2026-01-31` */
  readonly date: string;
  readonly machine: string;
  readonly criu: string | null;
  readonly apps: readonly { readonly name: string; readonly ours: Outcome; readonly criu: Outcome | null }[];
}

type Outcome =
  | { readonly failed: string }
  | { readonly failed?: undefined; readonly frozenMs: number; readonly imageBytes: number };

const file = fileURLToPath(new URL('../../docs/apps.json', import.meta.url));
const begin = '<!-- apps: made from docs/apps.json by `npm run docs` -->';
const end = '<!-- /apps -->';

/** The README with its table of applications made anew. @throws Error when the marks around it are not there */
export function withApps(readme: string): string {
  return betweenMarks(readme, [begin, end], () => table(JSON.parse(readFileSync(file, 'utf8')) as Apps));
}

function table({ date, machine, criu, apps }: Apps): string {
  const day = new Date(date).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return [
    `Seen on ${day}: ${machine}, CRIU ${criu}.`,
    '',
    '| application, in use | restored by criujs | stood still | images | the same with CRIU |',
    '| --- | --- | --- | --- | --- |',
    ...apps.map(({ name, ours, criu: theirs }) =>
      [
        `| ${name}`,
        ...cells(ours),
        theirs === null ? 'not tried' : theirs.failed === undefined ? 'yes' : safe(theirs.failed),
      ]
        .join(' | ')
        .concat(' |'),
    ),
  ].join('\n');
}

function cells(outcome: Outcome): readonly string[] {
  if (outcome.failed !== undefined) return [safe(outcome.failed), '', ''];
  return ['yes', `${outcome.frozenMs.toFixed(0)} ms`, `${(outcome.imageBytes / 2 ** 20).toFixed(1)} MiB`];
}

/** One cell of a table, without the pids of that day. */
function safe(text: string): string {
  const [, why = text] = /^CRIU cannot dump \d+(?:, and|: it failed at process \d+ \([^)]*\):) (.*)$/s.exec(text) ?? [];
  const [first = why] = why.split(';');
  const known = first.replace(/^Unknown \w+ \d+ \((.*)\)$/, 'it does not know $1');
  return `no: ${known.replaceAll(/[|\n`<>]/g, ' ')}`;
}
