import { create, type ImageKind, imageKinds } from '@criujs/images';
import type { Chance } from '../harness/chance.ts';

/** A field as the schema describes it: what is used of the protobuf runtime's own description. */
interface Field {
  readonly name: string;
  readonly localName: string;
  readonly fieldKind: 'scalar' | 'message' | 'list' | 'enum' | 'map';
  readonly message?: Schema;
}

interface Schema {
  readonly typeName: string;
  readonly fields: readonly Field[];
}

type Values = Record<string, unknown>;

const wide = [
  0n,
  1n,
  4095n,
  4096n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 47n,
  0x7fff_ffff_f000n,
  2n ** 62n,
  2n ** 63n,
  2n ** 64n - 1n,
];
const narrow = [
  0, 1, 2, 3, 9, 19, 31, 63, 64, 65, 255, 4096, 65_535, 1_048_576, 4_194_304, 4_194_305, 0x7fff_ffff, 0xffff_ffff,
];
const texts = [
  '',
  '/',
  '/dev/null',
  '/dev/zero',
  '/proc/self/mem',
  '../x',
  'x\0y',
  '/nowhere',
  '/'.repeat(5000),
  'é'.repeat(300),
  '/etc/hostname',
];

/** Changes one field somewhere in a message, by what the schema says of it; tells what it did. */
export function changeField(kind: ImageKind, message: object, next: Chance): string {
  const schema = imageKinds[kind].entry?.schema as Schema | undefined;
  if (schema === undefined) return 'nothing';
  return changeIn(schema, message as Values, next);
}

function changeIn(schema: Schema, message: Values, next: Chance): string {
  const there = schema.fields.filter(({ localName }) => Object.hasOwn(message, localName));
  if (there.length === 0 || next.below(12) === 0) return addField(schema, message, next);
  const field = next.pick(there);
  const { localName: name } = field;
  const value = message[name];
  const where = `${schema.typeName}.${name}`;
  if (Array.isArray(value)) return `${where}${changeList(field, value, next)}`;
  if (field.message !== undefined && next.below(8) !== 0) return changeIn(field.message, value as Values, next);
  if (next.below(10) === 0) {
    delete message[name];
    return `${where} removed`;
  }
  message[name] = another(value, next);
  return `${where} is ${shown(message[name])}`;
}

/** A field that the message does not have, as its type begins. */
function addField(schema: Schema, message: Values, next: Chance): string {
  const missing = schema.fields.filter(({ localName }) => !Object.hasOwn(message, localName));
  if (missing.length === 0) return 'nothing';
  const { localName: name, message: inner } = next.pick(missing);
  const begun = inner === undefined ? another(message[name], next) : create(inner as never);
  message[name] = Array.isArray(message[name]) ? [begun] : begun;
  return `${schema.typeName}.${name} added`;
}

function changeList(field: Field, list: unknown[], next: Chance): string {
  const at = next.below(Math.max(1, list.length));
  const change = next.pick(['doubled', 'removed', 'many', 'item', 'item', 'item', 'swapped', 'empty'] as const);
  const item = list[at];
  if (item === undefined) return ' is empty';
  if (change === 'doubled') list.splice(at, 0, item);
  else if (change === 'removed') list.splice(at, 1);
  else if (change === 'many') list.push(...Array.from({ length: 1000 }, () => item));
  else if (change === 'empty') list.splice(0);
  else if (change === 'swapped') list.push(...list.splice(0, at));
  else if (field.message !== undefined) return `[${at}] ${changeIn(field.message, item as Values, next)}`;
  else list[at] = another(item, next);
  return `[${at}] ${change}`;
}

function another(value: unknown, next: Chance): unknown {
  if (typeof value === 'bigint') return next.below(3) === 0 ? value ^ (1n << BigInt(next.below(64))) : next.pick(wide);
  if (typeof value === 'number') return next.below(3) === 0 ? (value ^ (1 << next.below(31))) >>> 0 : next.pick(narrow);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return next.pick(texts);
  if (value instanceof Uint8Array) return value.slice(0, next.below(value.length + 1));
  return value ?? next.pick(narrow);
}

function shown(value: unknown): string {
  return typeof value === 'object' ? 'another' : String(value).slice(0, 40);
}
