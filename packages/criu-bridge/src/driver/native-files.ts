import { statSync } from 'node:fs';
import { exact } from '@criujs/engine-kit';
import { deviceOf, kindOf, unrecorded } from '@criujs/engine-kit/externals';
import { readFdinfo, readLink } from '@criujs/linux';
import type { RecordedFile } from '@criujs/plugin-sdk';

/**
 * What a descriptor of the tree refers to, while the tree is stopped: there is no other source for a file that a compiled plugin
 * took. If it cannot be inspected nothing is known.
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
