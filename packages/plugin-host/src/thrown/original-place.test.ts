import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { originalPlace } from './original-place.ts';

let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'criujs-place-')));
  write('outside.js.map', mapTo('package/src/secret.ts'));
  write('package/dist/index.js.map', mapTo('../src/index.ts'));
  execFileSync('mkfifo', [join(folder, 'package/dist/pipe.js.map')]);
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
}

/** Line 1 comes from line 1, line 2 from line 7, column 5. */
function mapTo(source: string): string {
  return JSON.stringify({ version: 3, sources: [source], names: [], mappings: 'AAAA;AAMI' });
}

/** Where line 2 of a compiled module with this end comes from. */
function placeIn(end: string): { readonly compiled: string; readonly place: unknown } {
  const compiled = write('package/dist/index.js', `one();\ntwo();\n${end}`);
  return { compiled, place: originalPlace({ file: compiled, line: 2, column: 1 }, join(folder, 'package'), true) };
}

test('a map beside a module leads to its source, which need not be there', () => {
  const { place } = placeIn('//# sourceMappingURL=index.js.map\n');
  expect(place).toEqual({ file: join(folder, 'package/src/index.ts'), line: 7, column: 5 });
});

test.each([
  ['none', ''],
  ['one outside of the package', '//# sourceMappingURL=../../outside.js.map'],
  ['an absolute path', '//# sourceMappingURL=/etc/hostname'],
  ['one of another machine', '//# sourceMappingURL=https://example.org/index.js.map'],
  ['one inline, as no compiler for packages writes it', '//# sourceMappingURL=data:application/json,{}'],
  ['one that is not there', '//# sourceMappingURL=missing.js.map'],
  ['one that is no map', '//# sourceMappingURL=index.js'],
  ['a folder', '//# sourceMappingURL=.'],
  ['a pipe', '//# sourceMappingURL=pipe.js.map'],
])('with %s a place stays that of the compiled module', (_, end) => {
  const { compiled, place } = placeIn(end);
  expect(place).toEqual({ file: compiled, line: 2, column: 1 });
});

test.each([
  ['a source outside of the package', mapTo('../../outside.ts')],
  ['a source at another machine', mapTo('https://example.org/x.ts')],
  ['mappings that are none', JSON.stringify({ version: 3, sources: ['../src/x.ts'], names: [], mappings: '????' })],
  ['no sources', JSON.stringify({ version: 3, mappings: 'AAAA;AAMI' })],
  ['null', 'null'],
])('a map with %s is not believed', (_, map) => {
  write('package/dist/odd.js.map', map);
  const { compiled, place } = placeIn('//# sourceMappingURL=odd.js.map');
  expect(place).toEqual({ file: compiled, line: 2, column: 1 });
});
