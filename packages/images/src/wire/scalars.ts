import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** How one scalar type lies on the wire, and the JavaScript type that holds it. */
export interface Scalar {
  readonly wire: WireType;
  readonly type: 'number' | 'bigint' | 'boolean' | 'string' | 'bytes';
  read(reader: BinaryReader): unknown;
  write(writer: BinaryWriter, value: never): unknown;
}

/** The scalar types of the schema, by their names in it; a test checks that there are no others. */
export const scalars: { readonly [type: string]: Scalar } = {
  uint32: {
    wire: WireType.Varint,
    type: 'number',
    read: readUint32,
    write: (writer, value: number) => writer.uint32(value),
  },
  int32: {
    wire: WireType.Varint,
    type: 'number',
    read: readInt32,
    write: (writer, value: number) => writer.int32(value),
  },
  sint32: {
    wire: WireType.Varint,
    type: 'number',
    read: readSint32,
    write: (writer, value: number) => writer.sint32(value),
  },
  uint64: {
    wire: WireType.Varint,
    type: 'bigint',
    read: (reader) => reader.uint64(),
    write: (writer, value: bigint) => writer.uint64(value),
  },
  int64: {
    wire: WireType.Varint,
    type: 'bigint',
    read: (reader) => reader.int64(),
    write: (writer, value: bigint) => writer.int64(value),
  },
  sint64: {
    wire: WireType.Varint,
    type: 'bigint',
    read: (reader) => reader.sint64(),
    write: (writer, value: bigint) => writer.sint64(value),
  },
  fixed64: {
    wire: WireType.Bit64,
    type: 'bigint',
    read: (reader) => reader.fixed64(),
    write: (writer, value: bigint) => writer.fixed64(value),
  },
  bool: {
    wire: WireType.Varint,
    type: 'boolean',
    read: (reader) => reader.bool(),
    write: (writer, value: boolean) => writer.bool(value),
  },
  string: {
    wire: WireType.LengthDelimited,
    type: 'string',
    read: (reader) => reader.string(),
    write: (writer, value: string) => writer.string(value),
  },
  bytes: {
    wire: WireType.LengthDelimited,
    type: 'bytes',
    read: (reader) => reader.bytes(),
    write: (writer, value: Uint8Array) => writer.bytes(value),
  },
};

/** The runtime cuts what is over 32 bits, and would hand out another number than the image has. */
function readUint32(reader: BinaryReader): number {
  const start = reader.pos;
  const value = reader.uint32();
  if (reader.pos - start < 5) return value;
  reader.pos = start;
  const wide = reader.uint64();
  if (wide !== BigInt.asUintN(32, BigInt(wide))) throw new RangeError(`${wide} does not fit 32 bits`);
  return value >>> 0;
}

/** Negative numbers are written with 64 bits, by CRIU and by us. */
function readInt32(reader: BinaryReader): number {
  const start = reader.pos;
  const value = reader.int32();
  if (reader.pos - start < 5) return value;
  reader.pos = start;
  const wide = reader.int64();
  if (wide !== BigInt(value) && wide !== BigInt(value >>> 0)) throw new RangeError(`${wide} does not fit 32 bits`);
  return value;
}

function readSint32(reader: BinaryReader): number {
  const zigzag = readUint32(reader);
  return (zigzag >>> 1) ^ -(zigzag & 1);
}
