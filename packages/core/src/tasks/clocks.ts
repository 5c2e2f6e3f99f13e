import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { arena, errno, LinuxError, syscall } from '@criujs/linux';
import { movableClocks } from '../facts/clocks.ts';

/** Clocks that a time namespace moves, or how far it moves them. Nanoseconds. time_namespaces(7). */
export type Clocks = Readonly<Record<keyof typeof movableClocks, bigint>>;

const names = Object.keys(movableClocks) as (keyof Clocks)[];
const second = 1_000_000_000n;

/** The time namespace that a process is in, or that its children will be in. null: the kernel has none, or we may not know. */
export function namespaceOf(pid: number, which: 'time' | 'time_for_children'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${which}`);
  } catch {
    return null;
  }
}

/** How far the namespace moves the clocks that this process sees; null: unknown. */
export function ownOffsets(): Clocks | null {
  return offsetsOf(process.pid);
}

/** The clocks as a process sees them now. Where its namespace cannot be read they are ours. @throws LinuxError */
export function clocksNow(pid: number): Clocks {
  const ours = { monotonic: clockNow(movableClocks.monotonic), boottime: clockNow(movableClocks.boottime) };
  if (pid === process.pid || namespaceOf(pid, 'time') === namespaceOf(process.pid, 'time')) return ours;
  const [here, there] = [ownOffsets(), offsetsOf(pid)];
  if (here === null || there === null) return ours;
  const seen = (clock: keyof Clocks): bigint => ours[clock] - here[clock] + there[clock];
  return { monotonic: seen('monotonic'), boottime: seen('boottime') };
}

/** Moves the clocks that the children of a process will see; none may have been made yet. @throws LinuxError */
export function setOffsets(pid: number, offsets: Clocks): void {
  const path = `/proc/${pid}/timens_offsets`;
  const lines = names.map((name) => {
    // The kernel takes nanoseconds from 0 up, with seconds of either sign.
    const nanoseconds = ((offsets[name] % second) + second) % second;
    return `${movableClocks[name]} ${(offsets[name] - nanoseconds) / second} ${nanoseconds}\n`;
  });
  try {
    writeFileSync(path, lines.join(''));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new LinuxError('write', errno[code ?? ''] ?? errno.EIO, { about: path, pid });
  }
}

/** The file shows the namespace of the children, not that of a process in another one. */
function offsetsOf(pid: number): Clocks | null {
  const own = namespaceOf(pid, 'time');
  if (own === null || own !== namespaceOf(pid, 'time_for_children')) return null;
  try {
    const text = readFileSync(`/proc/${pid}/timens_offsets`, 'latin1');
    const of = (name: keyof Clocks): bigint => {
      const [, sec = '0', nsec = '0'] = new RegExp(`^${name}\\s+(-?\\d+)\\s+(\\d+)`, 'm').exec(text) ?? [];
      return BigInt(sec) * second + BigInt(nsec);
    };
    return { monotonic: of('monotonic'), boottime: of('boottime') };
  } catch {
    return null;
  }
}

/** What a clock shows us, in nanoseconds. clock_gettime(2) @throws LinuxError */
export function clockNow(clock: number): bigint {
  return arena.scope(() => {
    const out = arena.alloc(16);
    syscall('clock_gettime', clock, out.address);
    return out.view.getBigInt64(0, true) * second + out.view.getBigInt64(8, true);
  });
}
