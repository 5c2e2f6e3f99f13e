import { WireType } from '@bufbuild/protobuf/wire';
import { layouts } from '../gen/layouts.ts';
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
  readonly wire: WireType;
  /** Exactly one of these two is there. */
  readonly scalar: Scalar | undefined;
  /** Made when it is asked for: a message refers to many that an image does not have. */
  readonly message: MessageLayout | undefined;
  /** What the field is worth where it is not set; undefined for lists and messages. */
  readonly unset: unknown;
}

/** The fields of a message, ready for reading and writing. */
export interface MessageLayout {
  readonly typeName: string;
  readonly byNumber: ReadonlyMap<number, FieldLayout>;
  /** In the order in which CRIU writes them: that of their numbers. */
  readonly sorted: readonly FieldLayout[];
  /** Fields that are lists. */
  readonly lists: readonly FieldLayout[];
  /** Of all message objects: what fields are worth where they are not set. */
  readonly prototype: object;
}

const made = new Map<string, MessageLayout>();

/**
 * Made once a message type, from a line of text: the descriptors of the protobuf runtime take some 40 ms to build, as many as all
 * else that a short run does.
 * @returns undefined where the schema has no such message
 */
export function layoutOf(typeName: string): MessageLayout | undefined {
  const known = made.get(typeName);
  if (known !== undefined) return known;
  const text = Object.hasOwn(layouts, typeName) ? layouts[typeName] : undefined;
  if (text === undefined) return undefined;
  const sorted = text === '' ? [] : text.split(';').map((field) => fieldLayout(typeName, field));
  const layout = {
    typeName,
    sorted,
    byNumber: new Map(sorted.map((field) => [field.number, field])),
    lists: sorted.filter(({ list }) => list),
    prototype: Object.fromEntries(sorted.filter(({ unset }) => unset !== undefined).map((it) => [it.key, it.unset])),
  };
  made.set(typeName, layout);
  return layout;
}

/** The same for one that the schema must have. */
export function requireLayout(typeName: string): MessageLayout {
  const layout = layoutOf(typeName);
  if (layout === undefined) throw new TypeError(`${typeName}: the schema has no such message`);
  return layout;
}

/** Reads `number label type name` and a default; see scripts/layouts.js. */
function fieldLayout(parent: string, text: string): FieldLayout {
  const [number, label, type = '', name = '', known] = text.split(' ');
  const list = label === '*';
  const base = {
    number: Number(number),
    key: propertyOf(name),
    name: `${parent}.${name}`,
    required: label === '!',
    list,
  };
  if (type.startsWith('.')) {
    const refersTo = type.slice(1);
    return {
      ...base,
      wire: WireType.LengthDelimited,
      scalar: undefined,
      get message() {
        return requireLayout(refersTo);
      },
      unset: undefined,
    };
  }
  const scalar = scalars[type];
  if (!scalar) throw new TypeError(`${base.name}: scalar type ${type} has no row in the table`);
  return {
    ...base,
    wire: scalar.wire,
    scalar,
    message: undefined,
    unset: list ? undefined : unsetOf(scalar, known),
  };
}

function unsetOf({ type }: Scalar, known: string | undefined): unknown {
  switch (type) {
    case 'number':
      return Number(known ?? 0);
    case 'bigint':
      return BigInt(known ?? 0);
    case 'boolean':
      return known === 'true';
    case 'string':
      return known ?? '';
    case 'bytes':
      return new Uint8Array();
  }
}

/** The name of a property for that of a field, as protobuf's own generators make it. */
function propertyOf(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
