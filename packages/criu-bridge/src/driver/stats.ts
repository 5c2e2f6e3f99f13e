import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, type EntryOf } from '@criujs/images';

/** What CRIU counted; null: it wrote nothing that can be read, which is no reason to call a run that is done a failure. */
export function readStats(directory: string, file: 'stats-dump' | 'stats-restore'): EntryOf<'STATS'> | null {
  try {
    return decodeImage('STATS', readFileSync(join(directory, file)), { file })[0]?.message ?? null;
  } catch {
    return null;
  }
}
