import { dirname } from 'node:path';
import { readMountinfo } from '@criujs/linux';
import { EngineError } from '../errors/errors.ts';

/**
 * Refuses a directory that is a mount point, or has one among its entries: neither can be swapped, rename(2).
 * @throws EngineError IMAGES_UNWRITABLE
 */
export function refuseMountPoint(directory: string): void {
  const mounts = mountPoints();
  if (directory === '/' || mounts.includes(directory)) {
    throw new EngineError(
      'IMAGES_UNWRITABLE',
      `${directory} is a mount point, and a mount point cannot be swapped for the new dump`,
      { remedy: 'Use a folder inside it.', resource: directory },
    );
  }
  const within = mounts.find((it) => dirname(it) === directory);
  if (within === undefined) return;
  throw new EngineError('IMAGES_UNWRITABLE', `${within} is a mount point: it could not move to the new ${directory}`, {
    remedy: 'Unmount it, or give another directory.',
    resource: directory,
  });
}

/** Where there is no /proc the swap itself tells. */
function mountPoints(): string[] {
  try {
    return readMountinfo(process.pid).map(({ mountPoint }) => mountPoint);
  } catch {
    return [];
  }
}
