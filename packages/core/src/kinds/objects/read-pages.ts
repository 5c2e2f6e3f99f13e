import { readPagemap } from '../../engine/restore/entries.ts';
import type { PagesImage } from '../../pages/image-pages.ts';
import { runsOf } from '../../pages/pagemap.ts';
import { bytesOf } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import { invalid } from '../rules.ts';

import { sharedMemoryPagemap } from './keys.ts';

/** The pages of an object in the images; null: nothing of it was used. */
export function readObjectPages(id: bigint, size: number, session: Session): PagesImage | null {
  const pagemap = sharedMemoryPagemap(id);
  if (!session.store.exists(pagemap)) return null;
  const { head, entries } = readPagemap(session, pagemap);
  const runs = runsOf(pagemap, entries);
  let last = 0;
  for (const { start, end } of runs) {
    if (start < last || end > size) throw invalid(pagemap, `pages at ${start.toString(16)} of ${size} bytes`);
    last = end;
  }
  return bytesOf(runs) === 0 ? null : { name: `pages-${head.pagesId}.img`, pagemap, runs };
}
