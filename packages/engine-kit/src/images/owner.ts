import { lstatSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../errors/errors.ts';
import { inventoryName } from './image-names.ts';

// Whose images are restored: they name files and credentials, and may not have more of them than whoever could have written them.

/** S_IWGRP and S_IWOTH. inode(7). */
const othersWrite = 0o022;

/**
 * Who owns the images of a directory that a restore was told to use.
 * @param caller who restores; default: this process
 * @returns a user id; `root` may restore for anybody, another user only their own images and those of root
 * @throws EngineError IMAGES_UNTRUSTED
 */
export function ownerOfImages(directory: string, names: readonly string[], caller: number = callerId()): number {
  // The inventory is written last: a dump is whose the inventory is.
  const order = names.toSorted((a, b) => Number(b === inventoryName) - Number(a === inventoryName));
  const found = order.flatMap((name) => {
    const path = join(directory, name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    // What is no file is refused by whoever opens it.
    return stat?.isFile() ? [{ path, name, stat }] : [];
  });
  const [first] = found;
  if (first === undefined) return caller;
  for (const { stat, path, name } of found) checkOwner(stat, first.stat.uid, path, name);
  const owner = first.stat.uid;
  if (caller === 0 || owner === 0 || owner === caller) return owner;
  throw untrusted(
    `${first.path} belongs to user ${owner}, and would be restored with the rights of user ${caller}`,
    first.name,
    'Restore as its owner, or as root; or pass --trust-images (option `trustImages`) if you know what is in it.',
  );
}

/**
 * Checks an image, once it is open.
 * @param owner null: the user trusts it whoever wrote it
 * @throws EngineError IMAGES_UNTRUSTED
 */
export function checkOwner(stat: Pick<Stats, 'uid' | 'mode'>, owner: number | null, path: string, name: string): void {
  if (owner === null) return;
  if (stat.uid !== owner)
    throw untrusted(
      `${path} belongs to user ${stat.uid}, and other images of the dump to user ${owner}`,
      name,
      'Give all of them to one user (chown), or pass --trust-images (option `trustImages`).',
    );
  if (stat.mode & othersWrite)
    throw untrusted(
      `others than its owner may write ${path} (mode ${(stat.mode & 0o7777).toString(8)})`,
      name,
      'Run chmod go-w on the images, or pass --trust-images (option `trustImages`).',
    );
}

function untrusted(message: string, resource: string, remedy: string): EngineError {
  return new EngineError('IMAGES_UNTRUSTED', message, { resource, remedy });
}

function callerId(): number {
  return process.geteuid?.() ?? 0;
}
