import { align, attribute, nest, number, text } from './attributes.ts';
import type { Expression } from './expressions.ts';
import * as nf from './numbers.ts';

/** A message of a batch before it has its header. */
export interface TableMessage {
  readonly type: keyof typeof nf.message;
  readonly attributes: readonly Uint8Array[];
}

/** NLM_F_* of netlink(7). */
const flag = { request: 0x1, acknowledge: 0x4, exclusive: 0x200, create: 0x400, append: 0x800 } as const;

/** What each message asks for: a table or a set that is there already is an error, a rule goes behind others. */
const flags: Readonly<Record<keyof typeof nf.message, number>> = {
  newTable: flag.create | flag.exclusive,
  deleteTable: 0,
  newChain: flag.create,
  newRule: flag.create | flag.append,
  newSet: flag.create,
  newElements: flag.create,
};

/** struct nlmsghdr and struct nfgenmsg. */
const headerLength = 20;
/** An attribute's length has 16 bits. */
const elementsAtOnce = 500;

/** Messages that the kernel carries out together or not at all. */
export function batch(messages: readonly TableMessage[]): Buffer {
  const last = messages.length - 1;
  return Buffer.concat([
    encode(nf.batchMessage.begin, flag.request, 0, nf.subsystem, []),
    ...messages.map(({ type, attributes }, at) =>
      encode(
        (nf.subsystem << 8) | nf.message[type],
        // Who asks hears of errors in any case, and of success from the last one.
        flag.request | flags[type] | (at === last ? flag.acknowledge : 0),
        nf.protocol.inet,
        0,
        attributes,
      ),
    ),
    encode(nf.batchMessage.end, flag.request, 0, nf.subsystem, []),
  ]);
}

export function newTable(name: string): TableMessage {
  return { type: 'newTable', attributes: [text(nf.tableAttribute.name, name)] };
}

export function deleteTable(name: string): TableMessage {
  return { type: 'deleteTable', attributes: [text(nf.tableAttribute.name, name)] };
}

/** A chain that packets pass at a hook, with the priority of filters, and that lets through what none of its rules is about. */
export function newChain(table: string, name: keyof typeof nf.hook): TableMessage {
  return {
    type: 'newChain',
    attributes: [
      text(nf.chainAttribute.table, table),
      text(nf.chainAttribute.name, name),
      nest(
        nf.chainAttribute.hook,
        number(nf.hookAttribute.number, nf.hook[name]),
        number(nf.hookAttribute.priority, 0),
      ),
      number(nf.chainAttribute.policy, nf.verdict.accept),
      text(nf.chainAttribute.type, 'filter'),
    ],
  };
}

export function newRule(table: string, chain: keyof typeof nf.hook, expressions: readonly Expression[]): TableMessage {
  return {
    type: 'newRule',
    attributes: [
      text(nf.ruleAttribute.table, table),
      text(nf.ruleAttribute.chain, chain),
      nest(nf.ruleAttribute.expressions, ...expressions),
    ],
  };
}

/** A set of keys of some bytes; `id` is its number within the batch. */
export interface TableSet {
  readonly name: string;
  readonly id: number;
  readonly keyType: number;
  readonly keyLength: number;
}

export function newSet(table: string, { name, id, keyType, keyLength }: TableSet): TableMessage {
  return {
    type: 'newSet',
    attributes: [
      text(nf.setAttribute.table, table),
      text(nf.setAttribute.name, name),
      number(nf.setAttribute.flags, 0),
      number(nf.setAttribute.keyType, keyType),
      number(nf.setAttribute.keyLength, keyLength),
      number(nf.setAttribute.id, id),
    ],
  };
}

/** Puts keys into a set of the same batch. */
export function newElements(table: string, set: TableSet, keys: readonly Uint8Array[]): TableMessage[] {
  const pieces = Array.from({ length: Math.ceil(keys.length / elementsAtOnce) }, (_, at) =>
    keys.slice(at * elementsAtOnce, (at + 1) * elementsAtOnce),
  );
  return pieces.map((piece) => ({
    type: 'newElements',
    attributes: [
      text(nf.elementsAttribute.table, table),
      text(nf.elementsAttribute.set, set.name),
      number(nf.elementsAttribute.setId, set.id),
      nest(
        nf.elementsAttribute.elements,
        ...piece.map((key) =>
          nest(nf.listElement, nest(nf.elementAttribute.key, attribute(nf.dataAttribute.value, key))),
        ),
      ),
    ],
  }));
}

function encode(
  type: number,
  messageFlags: number,
  family: number,
  resource: number,
  attributes: readonly Uint8Array[],
): Buffer {
  const content = Buffer.concat(attributes);
  const bytes = Buffer.alloc(align(headerLength + content.length));
  bytes.writeUInt32LE(headerLength + content.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(messageFlags, 6);
  bytes.writeUInt8(family, 16);
  bytes.writeUInt16BE(resource, 18);
  bytes.set(content, headerLength);
  return bytes;
}
