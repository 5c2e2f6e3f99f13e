import type { MessageInitShape } from '@bufbuild/protobuf';
import { decodeImage } from './decode.ts';
import { encodeImage } from './encode.ts';
import { ImageError } from './error.ts';
import type { PagemapEntry, PagemapEntrySchema, PagemapHead, PagemapHeadSchema } from './gen/names.ts';
import type { Where } from './limits.ts';
import type { EntryInit } from './schemas.ts';

/** A pagemap image: which runs of pages are in which pages image. */
export interface Pagemap {
  readonly head: PagemapHead;
  readonly entries: PagemapEntry[];
}

/** Decodes `pagemap-N.img` or `pagemap-shmem-N.img`. Throws ImageError. */
export function decodePagemap(bytes: Uint8Array, where: Where = {}): Pagemap {
  const [head, ...entries] = decodeImage('PAGEMAP', bytes, where).map(({ message }) => message);
  if (!head) throw new ImageError('IMAGE_TRUNCATED', 'it ends before its head', { ...where, offset: bytes.length });
  return { head: head as PagemapHead, entries: entries as PagemapEntry[] };
}

/** Encodes a pagemap image. Throws ImageError. */
export function encodePagemap(
  head: MessageInitShape<typeof PagemapHeadSchema>,
  entries: Iterable<MessageInitShape<typeof PagemapEntrySchema>>,
  where: Where = {},
): Uint8Array {
  return encodeImage('PAGEMAP', recordsOf(head, entries), where);
}

/** One at a time: there may be hundreds of thousands. */
function* recordsOf(
  head: MessageInitShape<typeof PagemapHeadSchema>,
  entries: Iterable<MessageInitShape<typeof PagemapEntrySchema>>,
): Generator<{ message: EntryInit<'PAGEMAP'> }> {
  yield { message: head };
  for (const message of entries) yield { message };
}

/** How many pages an entry stands for: newer releases count with 64 bits, and beside that with 32 for older ones. */
export function pageCount(entry: PagemapEntry): bigint {
  return Object.hasOwn(entry, 'nrPages') ? entry.nrPages : BigInt(entry.compatNrPages);
}
