import {
  type DescField,
  type DescMessage,
  type Message,
  type MessageInitShape,
  type MessageShape,
  create as make,
} from '@bufbuild/protobuf';
import { type FieldLayout, layoutOf, type MessageLayout } from './layout.ts';

type Fields = Message & Record<string, unknown>;

/**
 * Makes a message. It does for messages of images what the protobuf runtime does for any, without its descriptors.
 * @param init its fields, those that are null or undefined stay unset; a message of this type is handed back
 */
export function create<S extends DescMessage>(schema: S, init?: MessageInitShape<S>): MessageShape<S> {
  const layout = layoutOf(schema.typeName);
  // Somebody else's.
  if (layout === undefined) return make(schema, init);
  return createBy(layout, init) as MessageShape<S>;
}

/** The same by its layout. */
export function createBy(layout: MessageLayout, init?: object): Message {
  if (init === undefined) return emptyMessage(layout);
  if ((init as Partial<Message>).$typeName === layout.typeName) return init as Message;
  const message = emptyMessage(layout) as Fields;
  for (const field of layout.sorted) {
    const value = (init as Record<string, unknown>)[field.key];
    if (value !== undefined && value !== null) message[field.key] = fieldValue(field, value);
  }
  return message;
}

/** A message with nothing set. */
export function emptyMessage({ typeName, lists, prototype }: MessageLayout): Message {
  // Defaults are on the prototype, so that what was set is known.
  const message = Object.create(prototype) as Record<string, unknown>;
  message['$typeName'] = typeName;
  for (const { key } of lists) message[key] = [];
  return message as Fields;
}

/** Whether a field of a message was set; one with its default may be. */
export function isFieldSet(message: Message, field: DescField): boolean {
  const { parent, localName } = field;
  if (parent.typeName !== message.$typeName) return false;
  const value = Object.hasOwn(message, localName) ? (message as Fields)[localName] : undefined;
  return Array.isArray(value) ? value.length > 0 : value !== undefined;
}

function fieldValue(field: FieldLayout, value: unknown): unknown {
  if (!field.list) return itemOf(field, value);
  return Array.isArray(value) ? value.map((item) => itemOf(field, item)) : value;
}

/** What is of a wrong type stays as it is: it is noticed when it is written. */
function itemOf(field: FieldLayout, value: unknown): unknown {
  if (field.scalar?.type === 'bytes') return Array.isArray(value) ? new Uint8Array(value) : value;
  if (field.scalar !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return field.message === undefined ? value : createBy(field.message, value);
}
