import { EngineError } from '@criujs/engine-kit';
import { type Field, findOption } from './names.ts';
import type { CriuRpcOptions } from './table.ts';

/**
 * Reads options as they are written on a command line: `NAME=VALUE`, or `NAME` alone for a switch. A list is written by
 * naming it again. What has parts is written with colons (`externalMounts=KEY:PATH`) or as JSON.
 * @throws EngineError BAD_OPTION
 */
export function parseCriuOptions(texts: readonly string[]): CriuRpcOptions {
  const values: Record<string, unknown> = {};
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = at < 0 ? text : text.slice(0, at);
    const { key, field } = findOption(name);
    const read = at < 0 ? bareValue(field, name) : readValue(field, text.slice(at + 1), name);
    values[key] = field.fieldKind === 'list' ? [...((values[key] as unknown[] | undefined) ?? []), read] : read;
  }
  return values as CriuRpcOptions;
}

function bareValue(field: Field, name: string): true {
  if (isBoolean(field)) return true;
  throw wrong(name, 'it needs a value', `Write ${name}=VALUE.`);
}

function readValue(field: Field, text: string, name: string): unknown {
  if (isDirectory(field)) return text;
  const { message, enum: values } = partsOf(field);
  if (message !== undefined) return readMessage(message.fields, text, name);
  if (values !== undefined) return readEnum(values.values, text, name);
  return isBoolean(field) ? readBoolean(text, name) : isNumber(field) ? readNumber(text, name) : text;
}

/** The schema of a field whose value has parts or names. */
function partsOf(field: Field): {
  readonly message?: { readonly fields: readonly Field[] };
  readonly enum?: { readonly values: readonly { readonly name: string; readonly number: number }[] };
} {
  return {
    ...(field.message === undefined ? {} : { message: field.message }),
    ...(field.enum === undefined ? {} : { enum: field.enum }),
  };
}

/** Protobuf's numbers of scalar types: descriptor.proto. */
const scalar = { bool: 8, string: 9 } as const;

function isBoolean({ scalar: type }: Field): boolean {
  return type === scalar.bool;
}

function isNumber({ scalar: type }: Field): boolean {
  return type !== undefined && type !== scalar.bool && type !== scalar.string;
}

function isDirectory({ localName }: Field): boolean {
  return localName === 'workDirFd';
}

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  false: false,
  yes: true,
  no: false,
  1: true,
  0: false,
};

function readBoolean(text: string, name: string): boolean {
  const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
  return (
    value ?? fail(name, `${JSON.stringify(text)} is neither true nor false`, `Write ${name} alone, or ${name}=false.`)
  );
}

function readNumber(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value)) return value;
  return fail(name, `${JSON.stringify(text)} is not a whole number`, `Write ${name}=10, for example.`);
}

function readEnum(values: readonly { name: string; number: number }[], text: string, name: string): number {
  const plain = (it: string): string => it.replaceAll(/[-_]/g, '').toLowerCase();
  const found = values.find((it) => plain(it.name) === plain(text) || String(it.number) === text);
  const names = values.map((it) => it.name.toLowerCase().replaceAll('_', '-')).join(', ');
  return found?.number ?? fail(name, `there is no ${JSON.stringify(text)}`, `Choose one of ${names}.`);
}

/** `KEY:VALUE`, in the order of the schema, or JSON. */
function readMessage(fields: readonly Field[], text: string, name: string): Record<string, unknown> {
  const parts = text.startsWith('{') ? readJson(fields, text, name) : splitParts(fields, text);
  const values = fields.flatMap((field, at) => {
    const part = parts[at];
    if (part !== undefined) return [[field.localName, readValue(field, part, name)]];
    if (!isRequired(field)) return [];
    throw wrong(name, `${field.name} is missing in ${JSON.stringify(text)}`, `Write ${name}=${formOf(fields)}.`);
  });
  return Object.fromEntries(values);
}

function isRequired({ presence }: Field): boolean {
  // FieldPresence of features: EXPLICIT 1, IMPLICIT 2, LEGACY_REQUIRED 3.
  return presence === 3;
}

function formOf(fields: readonly Field[]): string {
  return fields.map((field) => field.name.toUpperCase()).join(':');
}

/** Where a number comes last, names before it may have colons: `pipe:[123]:5`. */
function splitParts(fields: readonly Field[], text: string): (string | undefined)[] {
  const last = fields.at(-1);
  if (fields.length === 2 && last !== undefined && isNumber(last)) {
    const at = text.lastIndexOf(':');
    return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
  }
  const parts = text.split(':');
  return [...parts.slice(0, fields.length - 1), ...rest(parts.slice(fields.length - 1))];
}

function rest(parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [parts.join(':')];
}

function readJson(fields: readonly Field[], text: string, name: string): (string | undefined)[] {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw wrong(name, `${text} is not JSON: ${(error as Error).message}`, `Write ${name}=${formOf(fields)}, or JSON.`);
  }
  const strange = Object.keys(value).find((it) => fields.every((field) => field.name !== it && field.localName !== it));
  if (strange !== undefined) throw wrong(name, `it has no part ${strange}`, `Write ${name}=${formOf(fields)}.`);
  return fields.map((field) => {
    const part = value[field.name] ?? value[field.localName];
    return part === undefined ? undefined : String(part);
  });
}

function fail(name: string, why: string, remedy: string): never {
  throw wrong(name, why, remedy);
}

function wrong(name: string, why: string, remedy: string): EngineError {
  return new EngineError('BAD_OPTION', `CRIU's option ${name}: ${why}`, { remedy });
}
