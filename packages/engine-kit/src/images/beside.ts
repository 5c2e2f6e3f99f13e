import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';

/** An image directory and what a run keeps beside it: in its parent, which is not swapped. */
export interface Beside {
  /** The image directory: absolute, without a symbolic link in it. */
  readonly directory: string;
  readonly parent: string;
  /** The file whose lock is the claim. */
  readonly lock: string;
  /** The folder that a dump is written into; once it is swapped in, the old images lie there. */
  readonly staging: string;
}

/** NAME_MAX, limits.h */
const longestName = 255;

/** Names what lies beside an image directory. */
export function beside(directory: string): Beside {
  const parent = dirname(directory);
  const name = basename(directory);
  return {
    directory,
    parent,
    lock: join(parent, hidden(name, 'lock')),
    staging: join(parent, hidden(name, 'staging')),
  };
}

function hidden(name: string, what: string): string {
  const plain = `.${name}.criujs-${what}`;
  if (Buffer.byteLength(plain) <= longestName) return plain;
  return `.${createHash('sha256').update(name).digest('hex')}.criujs-${what}`;
}
