import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from './index.ts';

const folder = new URL('./', import.meta.url);
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
);

test('a browser can load this package: it imports the protobuf runtime and itself, nothing else', () => {
  expect(sources.length).toBeGreaterThan(30);
  const imports = sources.flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
      (match) => match[1] ?? '',
    ),
  );
  expect([...new Set(imports.filter((name) => !name.startsWith('.')))].sort()).toEqual([
    '@bufbuild/protobuf',
    '@bufbuild/protobuf/codegenv2',
    '@bufbuild/protobuf/wire',
  ]);
});

test('generated code is what the schema says: one module for each file of it', () => {
  const proto = readdirSync(new URL('../proto/', folder)).map((file) => file.replace('.proto', '_pb.ts'));
  const generated = readdirSync(new URL('gen/', folder)).filter((file) => file.endsWith('_pb.ts'));
  expect(generated.sort()).toEqual(proto.sort());
});

test("the README's example runs and prints what it says", async () => {
  const readme = readFileSync(new URL('../README.md', folder), 'utf8');
  const example = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? expect.fail('no example');
  const body = example.replace(/^import .*$/gm, '').replace(/console\.log\(/g, 'print(');
  const exported = new Map<string, unknown>(Object.entries(api));
  const printed: unknown[] = [];
  const names = [...example.matchAll(/import \{([^}]*)\} from '@criujs\/images'/g)].flatMap((match) =>
    (match[1] ?? '').split(',').map((name) => name.trim()),
  );
  const run = new Function(...names, 'print', body);
  run(...names.map((name) => exported.get(name)), (value: unknown) => printed.push(value));
  const said = [...example.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map((match) => match[1]);
  expect(printed.map(String)).toEqual(said);
});
