import type { FileOwner } from '@criujs/engine-kit/externals';
import { type CallList, createCallList, keptBlock } from '@criujs/linux';
import type { SeenFile } from '../kinds/files/held.ts';
import { fcntlOwner, nobody } from '../kinds/files/owner.ts';

/** The most open files that are asked about in one step. */
export const filesAtOnce = 64;
/** `struct f_owner_ex`. fcntl(2). */
const ownerLength = 8;

/** Calls for so many, and where their owners are written. */
interface OwnerList {
  readonly list: CallList;
  readonly owners: DataView;
}

let made: OwnerList | undefined;

/**
 * Who gets the signals of open files, as far as that is nobody: of most. The others are left to `readOwner`.
 * @param files at most {@link filesAtOnce}
 * @param pidfdOf a descriptor of a process
 */
export function readNoOwners(
  files: readonly SeenFile[],
  pidfdOf: (pid: number) => number,
): ReadonlyMap<SeenFile, FileOwner> {
  const found = new Map<SeenFile, FileOwner>();
  const { list, owners } = prepareOwners();
  files.forEach((file, row) => {
    list.set(row, 0, 0, pidfdOf(file.pid));
    list.set(row, 0, 1, file.fd);
  });
  list.make(files.length);
  files.forEach((file, row) => {
    const [signum, answered] = [list.answer(row, 1), list.answer(row, 2)];
    if (signum >= 0 && answered === 0 && owners.getInt32(row * ownerLength + 4, true) === 0)
      found.set(file, { ...nobody, signum });
  });
  return found;
}

/** Sets aside what this takes, before anything stands still. */
export function prepareOwners(): OwnerList {
  made ??= make();
  return made;
}

function make(): OwnerList {
  const { view, address } = keptBlock(filesAtOnce * ownerLength);
  const list = createCallList(filesAtOnce, (row) => [
    { call: ['pidfd_getfd', 0, 0, 0], passes: 3 },
    { call: ['fcntl', 0, fcntlOwner.getSignal, 0] },
    { call: ['fcntl', 0, fcntlOwner.getOwner, address + row * ownerLength] },
    { call: ['close', 0] },
  ]);
  return { list, owners: view };
}
