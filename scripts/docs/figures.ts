import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { betweenMarks } from './between-marks.ts';

/** What the README says of a run, of what `scripts/bench/bench-engines.js` wrote about it. */
interface Figures {
  /** `2026-01-31` */
  readonly date: string;
  readonly machine: string;
  readonly node: string;
  readonly criu: string | null;
  readonly rounds: number;
  readonly missed: readonly string[];
}

const file = fileURLToPath(new URL('../../docs/bench.json', import.meta.url));
const begin = '<!-- figures: made from docs/bench.json by `npm run docs` -->';
const end = '<!-- /figures -->';

/** The README with what it says of the last benchmark made anew. @throws Error when the marks around it are not there */
export function withFigures(readme: string): string {
  return betweenMarks(readme, [begin, end], () => words(JSON.parse(readFileSync(file, 'utf8')) as Figures));
}

function words({ date, machine, node, criu, rounds, missed }: Figures): string {
  const day = new Date(date).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
  return [
    '![A dump, the time that the program stands still, and a restore: criujs as a command and as a warm library beside CRIU](docs/bench.svg)',
    '',
    `Measured on ${day}: ${machine}, Node ${node}, CRIU ${criu}; ${rounds} rounds by turns.`,
    '"Frozen" is the longest gap that the program sees in its own clock. A command of criujs starts Node first, the warm library is in a',
    'process that has dumped and restored before. All numbers are in [docs/bench.json](docs/bench.json).',
    '',
    missed.length === 0
      ? 'Nothing takes longer than its goal.'
      : 'What takes longer than its goal, and how many times as long:',
    ...(missed.length === 0 ? [] : ['', ...missed.map((it) => `- ${it}`)]),
  ].join('\n');
}
