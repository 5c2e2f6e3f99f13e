import type { DescMessage, Message, MessageValidType, UnknownField } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ImageError } from '../error.ts';
import type { Limits } from '../limits.ts';
import { type FieldLayout, type MessageLayout, requireLayout } from './layout.ts';
import { emptyMessage } from './message.ts';
import { decodeText } from './text.ts';

/** Where the message lies, for errors, and what it may hold. */
export interface DecodePlace {
  readonly file?: string | undefined;
  /** Offset of the message's first byte in its image. */
  readonly offset: number;
  readonly limits: Limits;
}

/**
 * Decodes one message and checks that all required fields are there, at every level. Fields that the schema does not
 * know are kept and written again. Byte fields are views of `bytes`. Throws ImageError.
 *
 * The runtime's own decoder is not used because it loses what must stay: bytes that are no UTF-8, numbers over 32
 * bits, enum values of newer releases; and it does not tell where an error is.
 */
export function decodeMessage<S extends DescMessage>(
  schema: S,
  bytes: Uint8Array,
  place: DecodePlace,
): MessageValidType<S> {
  const state: State = { reader: new BinaryReader(bytes, decodeText), place, items: 0 };
  const layout = requireLayout(schema.typeName);
  const message = emptyMessage(layout);
  try {
    readMessage(state, layout, message, bytes.length, 1);
  } catch (error) {
    if (error instanceof ImageError) throw error;
    throw corrupt(state, state.reader.pos, `${layout.typeName}: ${(error as Error).message}`, error);
  }
  return message as MessageValidType<S>;
}

interface State {
  readonly reader: BinaryReader;
  readonly place: DecodePlace;
  items: number;
}

type Fields = Message & Record<string, unknown>;

function readMessage(state: State, layout: MessageLayout, target: Message, end: number, depth: number): void {
  const { reader, place } = state;
  if (depth > place.limits.depth) throw tooLarge(state, `over ${place.limits.depth} levels of messages in messages`);
  const message = target as Fields;
  const unknown: UnknownField[] = message.$unknown ?? [];
  const start = reader.pos;
  while (reader.pos < end) {
    const at = reader.pos;
    const [number, wire] = reader.tag();
    const field = layout.byNumber.get(number);
    if (field) {
      readField(state, message, field, wire, at, end, depth);
    } else {
      unknown.push({ no: number, wireType: wire, data: readUnknown(state, layout, number, wire, at) });
    }
    if (reader.pos > end) throw corrupt(state, at, `${layout.typeName}: field ${number} ends after its message`);
  }
  if (unknown.length > 0) message.$unknown = unknown;
  const missing = layout.sorted.find((field) => field.required && !Object.hasOwn(message, field.key));
  if (missing) throw corrupt(state, start, `required field ${missing.name} is missing`);
}

function readField(
  state: State,
  message: Fields,
  field: FieldLayout,
  wire: WireType,
  at: number,
  end: number,
  depth: number,
): void {
  const isPacked = field.list && wire === WireType.LengthDelimited && field.wire !== WireType.LengthDelimited;
  if (wire !== field.wire && !isPacked) {
    throw corrupt(state, at, `${field.name}: wire type ${wire} in place of ${field.wire}`);
  }
  if (isPacked) {
    readPacked(state, message[field.key] as unknown[], field, at, end);
  } else if (field.list) {
    if (!field.message) countItem(state);
    const item = field.message && emptyMessage(field.message);
    (message[field.key] as unknown[]).push(readValue(state, field, item, at, end, depth));
  } else {
    // A message that comes in two parts is merged, as protobuf wants it.
    const part = field.message && ((message[field.key] as Message | undefined) ?? emptyMessage(field.message));
    message[field.key] = readValue(state, field, part, at, end, depth);
  }
}

function readValue(
  state: State,
  field: FieldLayout,
  nested: Message | undefined,
  at: number,
  end: number,
  depth: number,
): unknown {
  if (!field.message || !nested) return field.scalar?.read(state.reader);
  countItem(state);
  readMessage(state, field.message, nested, readLength(state, field, at, end), depth + 1);
  return nested;
}

function readPacked(state: State, list: unknown[], field: FieldLayout, at: number, end: number): void {
  const last = readLength(state, field, at, end);
  while (state.reader.pos < last) {
    countItem(state);
    list.push(field.scalar?.read(state.reader));
  }
  if (state.reader.pos > last) throw corrupt(state, at, `${field.name}: its last item is cut short`);
}

/** Reads a length and gives the position where it ends. */
function readLength(state: State, field: FieldLayout, at: number, end: number): number {
  const length = state.reader.uint32();
  const last = state.reader.pos + length;
  if (last <= end) return last;
  throw corrupt(state, at, `${field.name}: ${length} bytes declared, ${Math.max(0, end - state.reader.pos)} there`);
}

function readUnknown(state: State, layout: MessageLayout, number: number, wire: WireType, at: number): Uint8Array {
  if (wire === WireType.StartGroup || wire === WireType.EndGroup) {
    throw corrupt(state, at, `${layout.typeName}: field ${number} is a group, which no image has`);
  }
  countItem(state);
  return state.reader.skip(wire, number);
}

function countItem(state: State): void {
  state.items += 1;
  if (state.items > state.place.limits.items) throw tooLarge(state, `over ${state.place.limits.items} items`);
}

function tooLarge(state: State, what: string): ImageError {
  return new ImageError('IMAGE_TOO_LARGE', `${what} in one entry`, placeOf(state, state.reader.pos));
}

function corrupt(state: State, at: number, what: string, cause?: unknown): ImageError {
  return new ImageError('IMAGE_CORRUPT', what, { ...placeOf(state, at), cause });
}

function placeOf(state: State, at: number): { file: string | undefined; offset: number } {
  // A reader that ran out stands behind the end.
  return { file: state.place.file, offset: state.place.offset + Math.min(at, state.reader.len) };
}
