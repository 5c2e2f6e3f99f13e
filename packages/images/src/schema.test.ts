import { readFileSync } from 'node:fs';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import * as names from './gen/names.ts';
import { layoutOf } from './wire/layout.ts';

/** What is known of CRIU's schema: a line for each message (number, label, type, name, default) and each enum. */
const facts: { messages: Record<string, string>; enums: Record<string, string> } = JSON.parse(
  readFileSync(new URL('../test-data/schema.json', import.meta.url), 'utf8'),
);

const descriptors = Object.values(names).filter((value) => 'typeName' in value) as unknown as (
  | DescMessage
  | DescEnum
)[];
const messages = descriptors.filter((descriptor) => descriptor.kind === 'message');
const enums = descriptors.filter((descriptor) => descriptor.kind === 'enum');

const legacyRequired = 3;

function describeField(field: DescField): string {
  const label = field.fieldKind === 'list' ? 'repeated' : field.presence === legacyRequired ? 'required' : 'optional';
  const type = field.message?.typeName ?? field.enum?.typeName ?? ScalarType[field.scalar ?? 0]?.toLowerCase();
  const fallback = field.proto.defaultValue;
  return `${field.number} ${label} ${type} ${field.name}${fallback === '' ? '' : ` = ${fallback}`}`;
}

test('every message has the fields that CRIU writes: numbers, labels, types, names and defaults', () => {
  const ours = messages.map((message) => [
    message.typeName,
    [...message.fields]
      .sort((a, b) => a.number - b.number)
      .map(describeField)
      .join('; '),
  ]);
  expect(Object.fromEntries(ours)).toEqual(facts.messages);
});

test('every enum has the values that CRIU writes', () => {
  const ours = enums.map((type) => [
    type.typeName,
    type.values.map(({ name, number }) => `${name} ${number}`).join('; '),
  ]);
  expect(Object.fromEntries(ours)).toEqual(facts.enums);
});

test('every message is there under the name that TypeScript expects', () => {
  expect(names.CoreEntrySchema.typeName).toBe('core_entry');
  expect(names.CoreEntryMarchSchema.typeName).toBe('core_entry.march');
  expect(names.FdTypes.EXT).toBe(16);
  expect(messages.length).toBe(173);
});

test('every field is of a type that the codec has a row for, and no list is packed: CRIU packs none', () => {
  const packed = messages.flatMap((message) => layoutOf(message).sorted.filter((field) => field.packed));
  expect(packed).toEqual([]);
});
