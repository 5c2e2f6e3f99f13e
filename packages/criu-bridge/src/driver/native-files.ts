import { type BigIntStats, statSync } from 'node:fs';
import { exact } from '@criujs/engine-kit';
import { deviceNumber, readFdinfo, readLink } from '@criujs/linux';
import type { DeviceNumber, FileKind, RecordedFile } from '@criujs/plugin-sdk';
import { unrecorded } from '../server/file.ts';

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

function kindOf(path: string, stat: BigIntStats): FileKind {
  if (path.startsWith('anon_inode:')) return 'anonymous';
  if (stat.isCharacterDevice()) return 'character';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFile() ? 'regular' : 'unknown';
}

function deviceOf(stat: BigIntStats): DeviceNumber | null {
  return stat.isCharacterDevice() || stat.isBlockDevice() ? deviceNumber(stat.rdev) : null;
}
