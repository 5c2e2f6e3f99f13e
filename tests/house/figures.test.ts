import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { withFigures } from '../../scripts/docs/figures.ts';

// What the README says of speed comes from the run whose numbers are beside its plot.

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const readme = read('README.md');

test('the README says what docs/bench.json says', () => {
  expect(withFigures(readme), 'run npm run docs').toBe(readme);
});

test('words that were changed by hand are made anew', () => {
  expect(withFigures(readme.replace(/rounds by turns/, 'rounds'))).toBe(readme);
});

test('a README without the marks is an error', () => {
  expect(() => withFigures('# criujs')).toThrow(/put them back/);
});

test('the plot is of the same run', () => {
  const { date, machine, node } = JSON.parse(read('docs/bench.json'));
  expect(read('docs/bench.svg')).toContain(`${date}, ${machine}, Node ${node}`);
});

test('the figures are of a full run, beside CRIU, in which nothing failed', () => {
  const { small, withoutCriu, scenarios } = JSON.parse(read('docs/bench.json'));
  expect({ small, withoutCriu }).toEqual({ small: false, withoutCriu: null });
  expect(scenarios).toHaveLength(8);
  expect(scenarios.flatMap((it: { failures: string[] }) => it.failures)).toEqual([]);
});
