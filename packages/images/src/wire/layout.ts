import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { WireType } from '@bufbuild/protobuf/wire';
import { type Scalar, scalars } from './scalars.ts';

/** One field, as far as bytes are concerned. */
export interface FieldLayout {
  readonly number: number;
  /** Property of the message object. */
  readonly key: string;
  /** `message.field`, as in the schema. */
  readonly name: string;
  readonly required: boolean;
  readonly list: boolean;
  readonly packed: boolean;
  readonly wire: WireType;
  /** Exactly one of these two is there. */
  readonly scalar?: Scalar;
  readonly message?: DescMessage;
}

/** The fields of a message, ready for reading and writing. */
export interface MessageLayout {
  readonly byNumber: ReadonlyMap<number, FieldLayout>;
  /** In the order in which CRIU writes them: that of their numbers. */
  readonly sorted: readonly FieldLayout[];
}

/** LEGACY_REQUIRED of google.protobuf.FeatureSet.FieldPresence. */
const presenceRequired = 3;

const layouts = new WeakMap<DescMessage, MessageLayout>();

/** Made once a message type. */
export function layoutOf(schema: DescMessage): MessageLayout {
  const known = layouts.get(schema);
  if (known) return known;
  const sorted = schema.fields.map(fieldLayout).sort((a, b) => a.number - b.number);
  const layout = { sorted, byNumber: new Map(sorted.map((field) => [field.number, field])) };
  layouts.set(schema, layout);
  return layout;
}

function fieldLayout(field: DescField): FieldLayout {
  const base = {
    number: field.number,
    key: field.localName,
    name: `${field.parent.typeName}.${field.name}`,
    required: field.presence === presenceRequired,
    list: field.fieldKind === 'list',
    packed: field.fieldKind === 'list' && field.packed,
  };
  if (field.message) return { ...base, wire: WireType.LengthDelimited, message: field.message };
  // An enum is an int32: a number that a newer CRIU added stays what it is.
  const scalar = scalars[field.scalar ?? ScalarType.INT32];
  if (!scalar) throw new TypeError(`${base.name}: scalar type ${field.scalar} has no row in the table`);
  return { ...base, wire: scalar.wire, scalar };
}
