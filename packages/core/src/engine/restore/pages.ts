import { imagePages } from '../../pages/image-pages.ts';
import type { PageSource } from '../../pages/source.ts';
import type { Session } from '../../run/session.ts';
import type { Planned } from './layout.ts';

/** The image of a process's pages. */
export function openPages({ image: { pid, pagesId }, memory: { runs } }: Planned, { store }: Session): PageSource {
  return imagePages({ name: `pages-${pagesId}.img`, pagemap: `pagemap-${pid}.img`, runs }, store);
}
