import {
  encodePagemap,
  isFieldSet,
  type MessageInitShape,
  type PagemapEntry,
  PagemapEntrySchema,
  pageCount,
} from '@criujs/images';
import { addressEnd, pageFlag, pageSize } from '../facts/memory.ts';
import { invalid, unsupported } from '../kinds/rules.ts';
import type { PageRun } from './source.ts';

// The map of the pages in an image, `pagemap-PID.img`: runs, in the order in which their bytes lie in `pages-N.img`.

/** Encodes a map of pages. */
export function pagemapOf(pagesId: number, runs: readonly PageRun[]): Uint8Array {
  return encodePagemap({ pagesId }, entriesOf(runs));
}

function* entriesOf(runs: readonly PageRun[]): Generator<MessageInitShape<typeof PagemapEntrySchema>> {
  for (const { start, end, lazy } of runs) {
    const pages = (end - start) / pageSize;
    const flags = pageFlag.present | (lazy ? pageFlag.lazy : 0);
    yield { vaddr: BigInt(start), compatNrPages: pages, nrPages: BigInt(pages), flags };
  }
}

/**
 * Reads a map of pages.
 * @param file the image that it comes from
 * @throws EngineError IMAGE_INVALID for addresses that no process has; UNSUPPORTED for pages of a parent dump
 */
export function runsOf(file: string, entries: readonly PagemapEntry[]): PageRun[] {
  const runs: PageRun[] = [];
  for (const entry of entries) {
    // Before CRIU 2.10 there were no flags: every entry had its pages in the image.
    const flags = isFieldSet(entry, PagemapEntrySchema.field.flags) ? entry.flags : pageFlag.present;
    const length = Number(pageCount(entry)) * pageSize;
    const start = Number(entry.vaddr);
    if (entry.inParent || flags & pageFlag.parent)
      throw unsupported(
        `${file}: its pages are in a parent dump`,
        'Restore it with CRIU: incremental dumps are not supported yet.',
      );
    if (start < 0 || length <= 0 || start + length > addressEnd || start % pageSize !== 0)
      throw invalid(file, `an impossible run of pages at ${entry.vaddr.toString(16)}`);
    if (flags & pageFlag.present) runs.push({ start, end: start + length, lazy: (flags & pageFlag.lazy) !== 0 });
  }
  return runs;
}
