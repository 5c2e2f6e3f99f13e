import { readImageOf } from '@criujs/engine-kit';
import { decodeImage, type EntryOf } from '@criujs/images';

/** What CRIU counted; null: it wrote nothing readable, which must not fail a finished run. */
export function readStats(directory: string, file: 'stats-dump' | 'stats-restore'): EntryOf<'STATS'> | null {
  try {
    const bytes = readImageOf(directory, file);
    return bytes === null ? null : (decodeImage('STATS', bytes, { file })[0]?.message ?? null);
  } catch {
    return null;
  }
}
