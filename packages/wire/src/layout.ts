import { type FieldKind, header, type MessageType, messages, tokenLength } from './protocol.ts';

/** Where a field lies in a message. */
export interface Slot {
  readonly name: string;
  readonly kind: FieldKind;
  readonly offset: number;
}

/** A message's form, from the table of the protocol. */
export interface MessageLayout {
  readonly type: MessageType;
  readonly code: number;
  readonly slots: readonly Slot[];
  readonly texts: readonly { readonly name: string; readonly lengthOffset: number }[];
  /** Where its texts begin: bytes of everything before them. */
  readonly size: number;
}

const sizes: Readonly<Record<FieldKind, number>> = { u16: 2, u32: 4, i32: 4, u64: 8, token: tokenLength };
/** A token is bytes. */
const alignments: Readonly<Record<FieldKind, number>> = { ...sizes, token: 1 };
const largestAlignment = 8;

const headerEnd = place(Object.entries(header), 0);
export const headerSlots: readonly Slot[] = headerEnd.slots;
export const headerSize: number = headerEnd.end;

export const layouts: readonly MessageLayout[] = (Object.keys(messages) as MessageType[]).map(layoutOf);

const byType: ReadonlyMap<MessageType, MessageLayout> = new Map(layouts.map((it) => [it.type, it]));
const byCode: ReadonlyMap<number, MessageLayout> = new Map(layouts.map((it) => [it.code, it]));

export function layoutOfType(type: MessageType): MessageLayout {
  return byType.get(type) as MessageLayout;
}

export function layoutOfCode(code: number): MessageLayout | undefined {
  return byCode.get(code);
}

function layoutOf(type: MessageType): MessageLayout {
  const { code, fields, texts } = messages[type];
  const { slots, end } = place(Object.entries(fields), headerSize);
  const lengths = place(
    texts.map((name): [string, FieldKind] => [name, 'u32']),
    end,
  );
  return {
    type,
    code,
    slots,
    texts: lengths.slots.map(({ name, offset }) => ({ name, lengthOffset: offset })),
    size: align(lengths.end, largestAlignment),
  };
}

function place(fields: readonly (readonly [string, FieldKind])[], start: number): { slots: Slot[]; end: number } {
  let end = start;
  const slots = fields.map(([name, kind]): Slot => {
    const offset = align(end, alignments[kind]);
    end = offset + sizes[kind];
    return { name, kind, offset };
  });
  return { slots, end };
}

function align(offset: number, to: number): number {
  return Math.ceil(offset / to) * to;
}
