import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { commonMagic, type EntryFormat, imageKinds, serviceMagic } from './kinds.ts';

/** What is known of the kinds: file name, magic and messages. */
const facts: Record<string, string> = JSON.parse(
  readFileSync(new URL('../test-data/kinds.json', import.meta.url), 'utf8'),
);

test('every kind has its file name, its magic and its messages', () => {
  const ours = Object.entries(imageKinds).map(([kind, { file, head, entry, group }]) => {
    const types = [entry, group].flatMap((format) => (format ? [format.schema.typeName] : []));
    return [kind, `${file ?? '-'} 0x${(head.at(-1) ?? 0).toString(16)} ${types.join('+') || '-'}`];
  });
  expect(Object.fromEntries(ours)).toEqual(facts);
});

test('images begin with the common magic, images about the work with that of the service, the inventory with neither', () => {
  const odd = Object.entries(imageKinds).filter(([, { head }]) => head.length > 0 && head[0] !== commonMagic);
  expect(
    Object.fromEntries(odd.map(([kind, { head }]) => [kind, head.length === 2 && head[0] === serviceMagic])),
  ).toEqual({
    INVENTORY: false,
    STATS: true,
    IRMAP_CACHE: true,
  });
});

test('the fields that rules name are fields of their messages', () => {
  for (const [kind, { entry, group }] of Object.entries(imageKinds)) {
    const has = (format: EntryFormat | null | undefined, field: string | undefined): void => {
      if (field !== undefined && field !== 'rest')
        expect(format?.schema.field, `${kind}: ${field}`).toHaveProperty(field);
    };
    for (const format of [entry, group]) {
      has(format, format?.after?.unless);
      for (const field of [format?.after?.fields ?? []].flat()) has(format, field);
    }
    has(entry, group?.when);
    has(entry, group?.count);
  }
});
