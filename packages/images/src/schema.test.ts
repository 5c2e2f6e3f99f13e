import { readFileSync } from 'node:fs';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import * as runtime from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import * as names from './gen/names.ts';
import { requireLayout } from './wire/layout.ts';
import { create, isFieldSet } from './wire/message.ts';
import { scalars } from './wire/scalars.ts';

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

/** An enum is written as an int32. */
function scalarOf(field: DescField): unknown {
  return field.message === undefined ? scalars[ScalarType[field.scalar ?? ScalarType.INT32].toLowerCase()] : undefined;
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

test('what the codec knows of a message is what its descriptor says, and no list is packed: CRIU packs none', () => {
  for (const message of messages) {
    const fields = [...message.fields].sort((a, b) => a.number - b.number);
    const ours = requireLayout(message.typeName).sorted;
    expect(ours.map((field) => [field.number, field.key, field.name, field.list, field.required])).toEqual(
      fields.map((field) => [
        field.number,
        field.localName,
        `${message.typeName}.${field.name}`,
        field.fieldKind === 'list',
        field.presence === legacyRequired,
      ]),
    );
    expect(ours.map((field) => field.message?.typeName)).toEqual(fields.map((field) => field.message?.typeName));
    expect(ours.map((field) => field.scalar)).toEqual(fields.map(scalarOf));
    expect(fields.filter((field) => field.fieldKind === 'list' && field.packed)).toEqual([]);
  }
});

test('messages are made as the protobuf runtime makes them', () => {
  for (const message of messages) {
    const [ours, theirs] = [create(message), runtime.create(message)] as [object, object];
    expect(ours).toStrictEqual(theirs);
    expect({ ...Object.getPrototypeOf(ours) }).toStrictEqual({ ...Object.getPrototypeOf(theirs) });
  }
  const init = { type: 1, id: 2, ext: undefined, reg: { id: 3, fown: { uid: 4 }, ext: [1, 2] } };
  expect(create(names.FileEntrySchema, init as never)).toStrictEqual(
    runtime.create(names.FileEntrySchema, init as never),
  );
  const policy = {
    namespaces: [{ name: 'a', policies: [{ name: 'b', blob: [1, 2, 3] }], namespaces: [{ name: 'c' }] }],
  };
  const made = create(names.ApparmorEntrySchema, policy as never);
  expect(made).toStrictEqual(runtime.create(names.ApparmorEntrySchema, policy as never));
  expect(create(names.ApparmorEntrySchema, made)).toBe(made);
});

test('whether a field is set is told as the protobuf runtime tells it', () => {
  const message = create(names.CredsEntrySchema, { uid: 0, groups: [], capInh: [1], lsmProfile: '' });
  message.lsmSockcreate = undefined as never;
  const { field } = names.CredsEntrySchema;
  for (const one of [field.uid, field.gid, field.groups, field.capInh, field.lsmProfile, field.lsmSockcreate])
    expect(isFieldSet(message, one), one.name).toBe(runtime.isFieldSet(message, one));
  expect(isFieldSet(message, names.FownEntrySchema.field.uid)).toBe(false);
});

test('a schema is a descriptor of the protobuf runtime in full', () => {
  const { FileEntrySchema: schema } = names;
  expect(schema.field.reg.message?.typeName).toBe('reg_file_entry');
  expect(Object.keys(schema.field).length).toBe(schema.fields.length);
  expect('nothing' in schema.field).toBe(false);
  expect(`${schema}`).toBe('message file_entry');
  const message = create(schema, { type: 1, id: 7 });
  expect(runtime.fromBinary(schema, runtime.toBinary(schema, message))).toEqual(message);
  expect(runtime.createRegistry(schema).getMessage('file_entry')).toBe(schema);
});
