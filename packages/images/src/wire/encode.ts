import type { DescMessage, Message, UnknownField } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { ImageError } from '../error.ts';
import type { Limits } from '../limits.ts';
import { type FieldLayout, type MessageLayout, requireLayout } from './layout.ts';
import type { Scalar } from './scalars.ts';
import { encodeText } from './text.ts';

/** Where the message goes, for errors, and what it may hold. */
export interface EncodePlace {
  readonly file?: string | undefined;
  /** Offset in the image where the message will begin. */
  readonly offset: number;
  readonly limits: Limits;
}

/**
 * Encodes one message the way CRIU does: fields by number, absent ones left out, lists item by item. Unknown fields
 * go where their numbers belong, so that an image of a newer release comes out as it went in.
 * Throws ImageError (IMAGE_CORRUPT) where a required field is missing or a value is not of its type.
 */
export function encodeMessage(schema: DescMessage, message: Message, place: EncodePlace): Uint8Array {
  const state: State = { writer: new BinaryWriter(encodeText), place };
  writeMessage(state, requireLayout(schema.typeName), message as Fields, 1);
  const bytes = state.writer.finish();
  if (bytes.length <= place.limits.entry) return bytes;
  throw new ImageError('IMAGE_TOO_LARGE', `${schema.typeName} takes ${bytes.length} bytes`, place);
}

interface State {
  readonly writer: BinaryWriter;
  readonly place: EncodePlace;
}

type Fields = Message & Record<string, unknown>;

function writeMessage(state: State, layout: MessageLayout, message: Fields, depth: number): void {
  const { writer, place } = state;
  if (depth > place.limits.depth) {
    throw new ImageError('IMAGE_TOO_LARGE', `over ${place.limits.depth} levels of messages in messages`, place);
  }
  const unknown = [...(message.$unknown ?? [])].sort((a, b) => a.no - b.no);
  let written = 0;
  for (const field of layout.sorted) {
    written = writeUnknown(writer, unknown, written, field.number);
    writeField(state, message, field, depth);
  }
  writeUnknown(writer, unknown, written, Number.POSITIVE_INFINITY);
}

function writeField(state: State, message: Fields, field: FieldLayout, depth: number): void {
  // Defaults are on the prototype: only a field of its own was set.
  const value = Object.hasOwn(message, field.key) ? message[field.key] : undefined;
  if (value === undefined) {
    if (field.required) throw corrupt(state, `required field ${field.name} is missing`);
    return;
  }
  if (!field.list) {
    writeItem(state, field, value, depth);
    return;
  }
  if (!Array.isArray(value)) throw corrupt(state, `${field.name} is not a list`);
  // Each item by itself: CRIU packs none.
  for (const item of value) writeItem(state, field, item, depth);
}

function writeItem(state: State, field: FieldLayout, value: unknown, depth: number): void {
  state.writer.tag(field.number, field.wire);
  if (!field.message) {
    writeScalar(state, field, field.scalar, value);
    return;
  }
  if ((value as Partial<Message> | null)?.$typeName !== field.message.typeName) {
    throw corrupt(state, `${field.name} is not a ${field.message.typeName}`);
  }
  state.writer.fork();
  writeMessage(state, field.message, value as Fields, depth + 1);
  state.writer.join();
}

function writeScalar(state: State, field: FieldLayout, scalar: Scalar | undefined, value: unknown): void {
  const type = value instanceof Uint8Array ? 'bytes' : typeof value;
  if (!scalar || type !== scalar.type) throw corrupt(state, `${field.name} is a ${type}, not a ${scalar?.type}`);
  try {
    scalar.write(state.writer, value as never);
  } catch (error) {
    throw corrupt(state, `${field.name}: ${(error as Error).message}`, error);
  }
}

/** Writes those from index `from` on whose numbers are below `before`; gives the index of the first that is left. */
function writeUnknown(writer: BinaryWriter, fields: readonly UnknownField[], from: number, before: number): number {
  let index = from;
  for (let field = fields[index]; field && field.no < before; field = fields[index]) {
    writer.tag(field.no, field.wireType).raw(field.data);
    index += 1;
  }
  return index;
}

function corrupt(state: State, what: string, cause?: unknown): ImageError {
  return new ImageError('IMAGE_CORRUPT', `cannot be written: ${what}`, { ...state.place, cause });
}
