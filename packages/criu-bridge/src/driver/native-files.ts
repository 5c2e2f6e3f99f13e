import { statSync } from 'node:fs';
import { exact } from '@criujs/engine-kit';
import { deviceOf, kindOf, unrecorded } from '@criujs/engine-kit/externals';
import { readFdinfo, readLink } from '@criujs/linux';
import type { RecordedFile } from '@criujs/plugin-sdk';

/**
 * What a descriptor of the tree leads to, while the tree stands still: of a file that a compiled plugin took, nobody else
 * tells. Where it cannot be looked at nothing is known.
 */
export function seeFile(holders: RecordedFile['holders']): RecordedFile {
  const [holder] = holders;
  if (holder === undefined) return unrecorded;
  const { pid, fd } = holder;
  try {
    const path = readLink(pid, `fd/${fd}`);
    const stat = statSync(`/proc/${pid}/fd/${fd}`, { bigint: true });
    const { flags, position } = readFdinfo(pid, fd);
    const seen = { path, kind: kindOf(path, stat), rdev: deviceOf(stat), inode: exact(stat.ino) };
    return { ...unrecorded, ...seen, flags: flags & ~closeOnExec, position: exact(BigInt(position)), holders };
  } catch {
    return { ...unrecorded, holders };
  }
}

/** O_CLOEXEC, which /proc shows among the flags of the open file: it belongs to the descriptor. */
const closeOnExec = 0o2000000;
