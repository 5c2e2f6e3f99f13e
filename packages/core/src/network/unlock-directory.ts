import { decodeRecords, EngineError, inventoryName, recordsName } from '@criujs/engine-kit';
import { openReader } from '../show/reader.ts';
import { lockOf } from './lock.ts';
import { releaseNetwork } from './release.ts';
import type { UnlockResult } from './unlocked.ts';

/** @throws EngineError IMAGES_INCOMPLETE, IMAGE_INVALID, NOT_PERMITTED, KERNEL */
export async function unlockDirectory(directory: string): Promise<UnlockResult> {
  const reader = openReader(directory);
  const [inventory] = reader.entries('INVENTORY', inventoryName);
  const [problem] = reader.problems;
  if (inventory === undefined)
    throw new EngineError('IMAGES_INCOMPLETE', problem ?? `${directory} holds no whole dump`, {
      remedy: 'Give the directory of a dump that ended its tree.',
    });
  const bytes = reader.bytes(recordsName);
  const records = bytes === null ? null : decodeRecords(bytes);
  const lock = lockOf({ inventory, entries: reader.entries('FILES', 'files.img'), records });
  return {
    ...releaseNetwork(lock),
    connections: records?.networkLocks?.flatMap(({ connections }) => connections) ?? [],
  };
}
