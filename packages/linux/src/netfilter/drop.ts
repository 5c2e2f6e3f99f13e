import {
  batch,
  deleteTable,
  newChain,
  newElements,
  newRule,
  newSet,
  newTable,
  type TableMessage,
  type TableSet,
} from './batch.ts';
import { decide, type Expression, equals, isIn, mask, meta, payload } from './expressions.ts';
import { firstRegister, keyType, protocol, tcp } from './numbers.ts';

/** One end of a connection: 4 or 16 bytes of address. */
export interface FlowEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** A TCP connection, as its packets show it: both addresses have the same length. */
export interface Flow {
  readonly here: FlowEnd;
  readonly there: FlowEnd;
}

/** Where headers have what; `width` is the length of an address. ip(7), ipv6(7), tcp(7), RFC 791, 8200 and 9293 */
const families: Readonly<
  Record<
    'ipv4' | 'ipv6',
    { readonly family: number; readonly width: number; readonly source: number; readonly destination: number }
  >
> = {
  ipv4: { family: protocol.ipv4, width: 4, source: 12, destination: 16 },
  ipv6: { family: protocol.ipv6, width: 16, source: 8, destination: 24 },
};
const port = { source: { offset: 0, length: 2 }, destination: { offset: 2, length: 2 } } as const;
const flagsByte = { offset: 13, length: 1 } as const;
/** SYN, and SYN or ACK: what begins a connection has the one without the other. */
const syn = Uint8Array.of(0x02);
const synOrAck = Uint8Array.of(0x12);
/** In a key every part takes whole registers. */
const registerLength = 4;

/**
 * The batch that makes a table which drops all packets of some connections, in both directions, but those with a mark.
 * nft(8): `nft list table inet NAME` shows it.
 */
export function dropFlows(table: string, flows: readonly Flow[], mark: number): Buffer {
  const kinds = (['ipv4', 'ipv6'] as const).map((name, at) => {
    const keys = flows.filter((flow) => flow.here.address.length === families[name].width).flatMap(keysOf);
    return { name, keys, set: connectionSet(name, at + 1) };
  });
  const used = kinds.filter(({ keys }) => keys.length > 0);
  const chains = (['output', 'input'] as const).flatMap((chain): TableMessage[] => [
    newChain(table, chain),
    newRule(table, chain, [meta('mark'), equals(hostNumber(mark)), decide('accept')]),
    ...used.map(({ name, set }) => newRule(table, chain, inSet(name, set))),
  ]);
  return batch([
    newTable(table),
    ...used.flatMap(({ set, keys }) => [newSet(table, set), ...newElements(table, set, keys)]),
    ...chains,
  ]);
}

/** An address at which connections begin: a port, at one address or, where it is null, at all of a family or of both. */
export interface Door {
  readonly port: number;
  readonly address: Uint8Array | null;
  readonly family: keyof typeof families | null;
}

/** The batch that makes a table which drops what would begin a connection to one of these. */
export function dropNew(table: string, doors: readonly Door[]): Buffer {
  return batch([
    newTable(table),
    newChain(table, 'input'),
    ...doors.map((door) => newRule(table, 'input', begins(door))),
  ]);
}

/** The batch that takes a table away, with all that is in it. Where there is none the kernel answers with an error, and that is all. */
export function dropNoMore(table: string): Buffer {
  return batch([deleteTable(table)]);
}

function begins({ port: at, address, family }: Door): Expression[] {
  const place = family === null ? undefined : families[family];
  return [
    ...(place === undefined ? [] : [meta('family'), equals(Uint8Array.of(place.family))]),
    meta('transport'),
    equals(Uint8Array.of(tcp)),
    ...(place === undefined || address === null
      ? []
      : [payload('network', { offset: place.destination, length: place.width }), equals(address)]),
    payload('transport', port.destination),
    equals(portBytes(at)),
    payload('transport', flagsByte),
    mask(synOrAck),
    equals(syn),
    decide('drop'),
  ];
}

function connectionSet(name: keyof typeof families, id: number): TableSet {
  const end = [keyType[name], keyType.port];
  return {
    name: name === 'ipv4' ? 'conns4' : 'conns6',
    id,
    keyType: [...end, ...end].reduce((joined, part) => (joined << keyType.bits) | part, 0),
    keyLength: 2 * (families[name].width + registerLength),
  };
}

/** Source and destination as the headers have them, one behind the other. */
function inSet(name: keyof typeof families, set: TableSet): Expression[] {
  const { family, width, source, destination } = families[name];
  const registers = width / registerLength;
  const second = firstRegister + registers + 1;
  return [
    meta('family'),
    equals(Uint8Array.of(family)),
    meta('transport'),
    equals(Uint8Array.of(tcp)),
    payload('network', { offset: source, length: width }),
    payload('transport', port.source, firstRegister + registers),
    payload('network', { offset: destination, length: width }, second),
    payload('transport', port.destination, second + registers),
    isIn(set),
    decide('drop'),
  ];
}

/** A key for what it sends, and one for what it receives. */
function keysOf({ here, there }: Flow): Buffer[] {
  const [own, other] = [endBytes(here), endBytes(there)];
  return [Buffer.concat([own, other]), Buffer.concat([other, own])];
}

function endBytes(end: FlowEnd): Buffer {
  return Buffer.concat([end.address, portBytes(end.port), Buffer.alloc(registerLength - 2)]);
}

function portBytes(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

/** What the kernel compares as a number of its own. */
function hostNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
