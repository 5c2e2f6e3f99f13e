import type { MemoryArea } from '@criujs/engine-kit';

/** Where it is, for errors. */
export function placeOf({ start, end }: Pick<MemoryArea, 'start' | 'end'>): string {
  return `${start.toString(16)}-${end.toString(16)}`;
}
