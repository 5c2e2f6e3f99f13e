import { WireError } from './errors.ts';
import { headerSize, layoutOfCode, layoutOfType, type MessageLayout, type Slot } from './layout.ts';
import {
  type FieldKind,
  longestMessage,
  longestText,
  type Message,
  type MessageInput,
  magic,
  protocolVersion,
  tokenLength,
} from './protocol.ts';

interface FieldCodec {
  write(bytes: Buffer, offset: number, value: never): void;
  read(bytes: Buffer, offset: number): unknown;
  readonly none: unknown;
}

const fields: Readonly<Record<FieldKind, FieldCodec>> = {
  u16: { none: 0, write: (b, at, value) => b.writeUInt16LE(value, at), read: (b, at) => b.readUInt16LE(at) },
  u32: { none: 0, write: (b, at, value) => b.writeUInt32LE(value, at), read: (b, at) => b.readUInt32LE(at) },
  i32: { none: 0, write: (b, at, value) => b.writeInt32LE(value, at), read: (b, at) => b.readInt32LE(at) },
  u64: { none: 0n, write: (b, at, value) => b.writeBigUInt64LE(value, at), read: (b, at) => b.readBigUInt64LE(at) },
  token: { none: new Uint8Array(tokenLength), write: writeToken, read: (b, at) => b.subarray(at, at + tokenLength) },
};

/** The bytes of a message. @throws WireError WIRE_LIMIT for a number or text that its field cannot hold */
export function encode(message: MessageInput): Buffer {
  const layout = layoutOfType(message.type);
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const texts = layout.texts.map(({ name }) => textBytes(layout, name, values[name]));
  const length = texts.reduce((sum, it) => sum + it.length + 1, layout.size);
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt16LE(protocolVersion, 4);
  bytes.writeUInt16LE(layout.code, 6);
  bytes.writeUInt32LE(message.sequence ?? 0, 8);
  bytes.writeUInt32LE(length, 12);
  for (const slot of layout.slots) writeField(bytes, layout, slot, values[slot.name]);
  let at = layout.size;
  layout.texts.forEach(({ lengthOffset }, index) => {
    const text = texts[index] as Buffer;
    bytes.writeUInt32LE(text.length, lengthOffset);
    text.copy(bytes, at);
    at += text.length + 1;
  });
  return bytes;
}

/**
 * Reads a message; nothing in it is trusted.
 * @throws WireError WIRE_VERSION for another version of the protocol, WIRE_MALFORMED for anything else that is wrong
 */
export function decode(bytes: Buffer): Message {
  const layout = checkHeader(bytes);
  const message: Record<string, unknown> = { type: layout.type, sequence: bytes.readUInt32LE(8) };
  for (const { name, kind, offset } of layout.slots) message[name] = fields[kind].read(bytes, offset);
  let at = layout.size;
  for (const { name, lengthOffset } of layout.texts) {
    const end = at + bytes.readUInt32LE(lengthOffset);
    if (end - at > longestText || end >= bytes.length) throw malformed(`the ${name} of ${layout.type} does not fit`);
    if (bytes.indexOf(0, at) !== end) throw malformed(`the ${name} of ${layout.type} does not end where it says`);
    message[name] = bytes.toString('utf8', at, end);
    at = end + 1;
  }
  if (at !== bytes.length) throw malformed(`${layout.type} has ${bytes.length - at} bytes too many`);
  return message as unknown as Message;
}

/** The other end's version of the protocol, from a message that may be of any version; null: it is not a message. */
export function versionOf(bytes: Buffer): number | null {
  return bytes.length >= headerSize && bytes.readUInt32LE(0) === magic ? bytes.readUInt16LE(4) : null;
}

function checkHeader(bytes: Buffer): MessageLayout {
  const version = versionOf(bytes);
  if (version === null) throw malformed(`${bytes.length} bytes are not a message`);
  if (version !== protocolVersion) {
    throw new WireError(
      'WIRE_VERSION',
      `the other end speaks version ${version} of the protocol, this one ${protocolVersion}`,
      { remedy: 'Install packages of criujs of one release, and let the native part be built again.' },
    );
  }
  const code = bytes.readUInt16LE(6);
  const layout = layoutOfCode(code);
  if (layout === undefined) throw malformed(`unknown message type ${code}`);
  const length = bytes.readUInt32LE(12);
  if (length !== bytes.length || length < layout.size || length > longestMessage) {
    throw malformed(`${layout.type} has ${bytes.length} bytes and says ${length}`);
  }
  return layout;
}

function writeField(bytes: Buffer, { type }: MessageLayout, { name, kind, offset }: Slot, value: unknown): void {
  const field = fields[kind];
  try {
    field.write(bytes, offset, (value ?? field.none) as never);
  } catch (cause) {
    const message = `${name} of ${type} cannot be ${String(value)}: it is ${kind}`;
    throw new WireError('WIRE_LIMIT', message, { cause });
  }
}

function writeToken(bytes: Buffer, offset: number, value: Uint8Array): void {
  if (value.length !== tokenLength) throw new RangeError(`${value.length} bytes`);
  bytes.set(value, offset);
}

function textBytes({ type }: MessageLayout, name: string, value: unknown): Buffer {
  const bytes = Buffer.from(String(value ?? ''));
  if (bytes.length > longestText) {
    throw new WireError('WIRE_LIMIT', `${name} of ${type} has ${bytes.length} bytes, of ${longestText} at most`);
  }
  if (bytes.includes(0)) throw new WireError('WIRE_LIMIT', `${name} of ${type} has a zero byte`);
  return bytes;
}

function malformed(why: string): WireError {
  return new WireError('WIRE_MALFORMED', `a message breaks the protocol: ${why}`);
}
