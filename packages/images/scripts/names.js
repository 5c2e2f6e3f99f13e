// Writes src/gen/names.ts: the names that TypeScript expects (CoreEntry) for the names of the schema (core_entry).
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const generated = new URL('../src/gen/', import.meta.url);
const pascal = (name) => name.replace(/(?:^|_)(.)/g, (_, first) => first.toUpperCase());
const rename = (name) => (pascal(name) === name ? name : `${name} as ${pascal(name)}`);
const line = (keyword, names, file) =>
  names.length === 0
    ? []
    : [`${keyword} {\n${names.map((name) => `  ${rename(name)},\n`).join('')}} from './${file}';\n`];

const blocks = readdirSync(generated)
  .filter((file) => file.endsWith('_pb.ts'))
  .sort()
  .flatMap((file) => {
    const text = readFileSync(new URL(file, generated), 'utf8');
    const names = (pattern) => [...text.matchAll(pattern)].map((match) => match[1]).sort();
    const values = names(/^export const (\w+?)(?:: Gen(?:Message|Enum)<| = \{)/gm);
    const types = names(/^export type (\w+) =/gm).filter((name) => !values.includes(name));
    return [...line('export type', types, file), ...line('export', values, file)];
  });

writeFileSync(new URL('names.ts', generated), `// Written by scripts/names.js; do not edit.\n\n${blocks.join('\n')}`);
