import { create, type DescField, type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type After, type ImageKind, type ImageRecordInit, imageKinds } from '../src/index.ts';

const uint32 = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0x7f, 0x80, 0x7fffffff, 0x80000000, 0xffffffff));
const int32 = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0x7fffffff, -0x80000000));
const uint64 = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n));
const int64 = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)));

const scalars: { readonly [type: number]: fc.Arbitrary<unknown> } = {
  [ScalarType.UINT32]: uint32,
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: fc.string({ unit: 'binary', maxLength: 12 }),
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 12 }),
};

/** Any message of this type, with all that is required; made from the descriptor, so that none is forgotten. */
export function messages<S extends DescMessage>(schema: S, depth = 0): fc.Arbitrary<Message> {
  const fields = schema.fields.map((field) => [field.localName, fieldValues(field, depth)] as const);
  const required = schema.fields.filter((field) => field.presence === 3).map((field) => field.localName);
  return fc
    .record(Object.fromEntries(fields), { requiredKeys: required })
    .map((init) => create(schema as DescMessage, init as Record<string, unknown>));
}

function fieldValues(field: DescField, depth: number): fc.Arbitrary<unknown> {
  // Required messages do not nest without end, lists and optional ones do.
  const isDeep = depth > 2;
  if (field.fieldKind === 'list') {
    const items = field.message ? (isDeep ? fc.constant(null) : messages(field.message, depth + 1)) : values(field);
    return fc.array(items, { maxLength: isDeep && field.message ? 0 : 3 });
  }
  if (!field.message) return values(field);
  if (isDeep && field.presence !== 3) return fc.constant(undefined);
  return messages(field.message, depth + 1);
}

function values(field: DescField): fc.Arbitrary<unknown> {
  if (field.enum) return fc.constantFrom(...field.enum.values.map(({ number }) => number));
  const arbitrary = scalars[field.scalar ?? 0];
  if (!arbitrary) throw new Error(`no values for ${field}`);
  return arbitrary;
}

type Fields = Message & Record<string, unknown>;
interface MadeRecord {
  readonly message: Message | null;
  readonly data?: Uint8Array;
}

/** The records of any image of this kind, with as much data as their messages declare. */
export function images<K extends ImageKind>(kind: K): fc.Arbitrary<ImageRecordInit<K>[]> {
  const { entry, group, head } = imageKinds[kind];
  if (!entry) {
    const data = fc.uint8Array({ minLength: 1, maxLength: 64 });
    return fc.array(data, { maxLength: 1 }).map((all) => all.map((data) => ({ message: null, data }))) as never;
  }
  const first = records(entry.schema, entry.after, group?.when);
  const made = group
    ? fc
        .tuple(first, fc.array(records(group.schema, group.after), { maxLength: 4 }))
        .map(([record, members]) => withGroup(record, members, group.count, group.when))
    : fc.array(first, { maxLength: 4 }).map((all) => all);
  // Where the rest of the image belongs to a first entry there is one such entry, else there may be several groups.
  const isOnce = group?.count === 'rest' || head.length === 0;
  const all = isOnce || !group ? made : fc.array(made, { maxLength: 3 }).map((groups) => groups.flat());
  return all as unknown as fc.Arbitrary<ImageRecordInit<K>[]>;
}

function records(schema: DescMessage, after?: After, when?: string): fc.Arbitrary<MadeRecord> {
  const lengths = fc.array(fc.nat(20), { minLength: 2, maxLength: 2 });
  return fc.tuple(messages(schema), lengths, fc.infiniteStream(fc.nat(255))).map(([message, sizes, bytes]) => {
    if (!after) return { message };
    const fields = message as Fields;
    if (when !== undefined && Object.hasOwn(fields, when) && fields[when] === true) return { message };
    if (after.unless !== undefined && Object.hasOwn(fields, after.unless) && fields[after.unless] === true) {
      return { message };
    }
    if (after.fields === 'rest') return { message, data: take(bytes, sizes[0] ?? 0) };
    let count = 0;
    after.fields.forEach((field, index) => {
      const size = sizes[index] ?? 0;
      count += size;
      const is64 = schema.field[field]?.scalar === ScalarType.UINT64;
      fields[field] = is64 ? BigInt(size) : size;
    });
    const length = count * (after.unit ?? 1);
    const pad = after.pad ?? 1;
    return { message, data: take(bytes, length + ((pad - (length % pad)) % pad)) };
  });
}

function withGroup(record: MadeRecord, members: MadeRecord[], count: string, when?: string): MadeRecord[] {
  const fields = record.message as Fields;
  if (when !== undefined && !(Object.hasOwn(fields, when) && fields[when] === true)) return [record];
  if (count !== 'rest') fields[count] = members.length;
  return [record, ...members];
}

function take(bytes: Iterable<number>, length: number): Uint8Array {
  const taken: number[] = [];
  for (const byte of bytes) {
    if (taken.length === length) break;
    taken.push(byte);
  }
  return Uint8Array.from(taken);
}
