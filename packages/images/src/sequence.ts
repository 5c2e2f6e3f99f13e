import type { Message } from '@bufbuild/protobuf';
import type { After, EntryFormat, ImageFormat } from './kinds.ts';

/** Follows which type of entry comes next in an image; the same for reading and for writing. */
export interface Sequence {
  /** The next entry's format; null where the image holds no further one. */
  next(): EntryFormat | null;
  /** Tells that such an entry was read or written. */
  took(message: Message): void;
  /** How many more entries the image must have, before it may end. */
  owed(): number;
}

/** The sequence of entries in an image of this format. */
export function createSequence(format: ImageFormat): Sequence {
  let left = 0;
  let ended = false;
  return {
    next: () => (ended ? null : left > 0 && format.group ? format.group : format.entry),
    owed: () => (Number.isFinite(left) ? left : 0),
    took(message) {
      if (left > 0) {
        left -= 1;
      } else {
        left = groupSize(format, message);
        ended = format.entry?.after?.fields === 'rest' && left === 0;
      }
    },
  };
}

/** How many bytes follow a message: without padding and with it; infinite for all that is left. */
export interface DataLength {
  readonly bare: number;
  readonly padded: number;
}

/** What the message says of its data; undefined where it has none. */
export function dataLength(after: After | undefined, message: Message): DataLength | undefined {
  if (!after) return undefined;
  const fields = message as Message & Record<string, unknown>;
  if (after.unless !== undefined && fields[after.unless] === true) return undefined;
  if (after.fields === 'rest') return { bare: Number.POSITIVE_INFINITY, padded: Number.POSITIVE_INFINITY };
  const count = after.fields.reduce((sum, field) => sum + BigInt(fields[field] as number | bigint), 0n);
  const bare = count * BigInt(after.unit ?? 1);
  const pad = BigInt(after.pad ?? 1);
  return { bare: Number(bare), padded: Number(((bare + pad - 1n) / pad) * pad) };
}

function groupSize({ group }: ImageFormat, message: Message): number {
  const fields = message as Message & Record<string, unknown>;
  if (!group || (group.when !== undefined && fields[group.when] !== true)) return 0;
  return group.count === 'rest' ? Number.POSITIVE_INFINITY : (fields[group.count] as number);
}
