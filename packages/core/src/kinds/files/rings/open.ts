import { EngineError, type RingRecord } from '@criujs/engine-kit';
import { statusFlags } from '@criujs/engine-kit/externals';
import { closeFd, LinuxError, setFlags } from '@criujs/linux';
import { refusedCall } from '../../../engine/blame.ts';
import { ringLayout, ringParameters, ringSetup } from '../../../facts/io-uring.ts';
import type { LatePlace } from '../opening.ts';
import { mapRing, type RingMemory, type RingSize, ringBytes } from './memory.ts';
import { asLockingUser } from './user.ts';

/** After so many rounds somebody may have asked to end. */
const roundsAtOnce = 1024;

/** Makes a ring as it was, in the process from which all others are cloned: it goes by that one's rights. @returns its number there */
export function openRing(record: RingRecord, place: LatePlace, checkAborted: () => void): number {
  const there = asLockingUser(record.lockedBy, place, () => makeRing(record, place));
  const here = place.fetch(there);
  try {
    setFlags(here, record.flags & statusFlags);
    const memory = mapRing(here, record);
    try {
      const enter = (step: number): number => place.call('io_uring_enter', [there, step, 0, 0, 0, 0]);
      advance(enter, memory, record, checkAborted);
      fill(memory, record);
    } finally {
      memory.unmap();
    }
    return there;
  } finally {
    closeFd(here);
  }
}

function makeRing({ id, ...size }: RingRecord, place: LatePlace): number {
  const { fd, told } = setUp(id, size, place);
  if (isAlike(new DataView(told.buffer, told.byteOffset, told.length), size)) return fd;
  throw new EngineError('UNSUPPORTED', 'this kernel lays out rings of io_uring otherwise than the one of the dump', {
    remedy: 'Restore on a kernel like that of the dump.',
  });
}

function setUp(id: number, size: RingSize, place: LatePlace): { readonly fd: number; readonly told: Buffer } {
  const parameters = Buffer.alloc(ringParameters.size);
  const flags = ringSetup.completions | (size.isIndexed ? 0 : ringSetup.noIndexes);
  parameters.writeUInt32LE(flags, ringParameters.flags);
  parameters.writeUInt32LE(size.completions, ringParameters.completions);
  try {
    const fd = place.call('io_uring_setup', [size.entries, parameters]);
    return { fd, told: parameters };
  } catch (error) {
    throw error instanceof LinuxError ? refusedSetup(id, error) : error;
  }
}

/** Whether what the kernel tells of a new ring is what the program knows of its own. */
function isAlike(told: DataView, size: RingSize): boolean {
  const at = (place: number): number => told.getUint32(place, true);
  const indexes = size.isIndexed ? ringBytes({ ...size, isIndexed: false }).queues : 0;
  return (
    at(ringParameters.submissions) === size.entries &&
    at(ringParameters.completions) === size.completions &&
    at(ringParameters.indexes) === indexes &&
    Object.values(ringLayout).every((place) => at(place.told) === place.at)
  );
}

function refusedSetup(id: number, cause: LinuxError): EngineError {
  const { code } = cause;
  const what = `files.img: ring ${id} of io_uring: ${code}`;
  if (code !== 'EINVAL' && code !== 'ENOSYS' && code !== 'EPERM') return refusedCall(code, what, {}, cause);
  return new EngineError(code === 'EPERM' ? 'NOT_PERMITTED' : 'KERNEL', what, {
    cause,
    remedy:
      code === 'EPERM'
        ? 'Allow it (kernel.io_uring_disabled=0, and the system call filter of a container).'
        : 'Restore on a kernel that has io_uring as the one of the dump (Linux 6.6 or newer).',
  });
}

/** Brings both queues to a position, by operations that do nothing: a submission of zeros is one (IORING_OP_NOP). */
function advance(
  enter: (step: number) => number,
  memory: RingMemory,
  { id, entries, count }: RingRecord,
  checkAborted: () => void,
): void {
  for (let [done, round] = [0, 0]; done < count; round++) {
    if (round % roundsAtOnce === 0) checkAborted();
    const step = Math.min(entries, count - done);
    position(memory, done + step, done);
    const taken = enter(step);
    if (taken !== step) throw new EngineError('KERNEL', `ring ${id} of io_uring takes ${taken} operations of ${step}`);
    done += step;
  }
}

/** Says how many submissions were made, and how many completions taken. */
function position(memory: RingMemory, tail: number, head: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(tail >>> 0, 0);
  bytes.writeUInt32LE(head >>> 0, 4);
  memory.write('queues', ringLayout.submissionTail.at, bytes);
}

/** What was in its memory: also what waits to be taken, on both sides. */
function fill(memory: RingMemory, record: RingRecord): void {
  const bytes = ringBytes(record);
  const whole = (text: string, length: number): Buffer => {
    const all = Buffer.alloc(length);
    all.write(text, 'base64');
    return all;
  };
  const from = ringLayout.dropped.at;
  memory.write('queues', from, whole(record.queues, bytes.queues - from));
  memory.write('submissions', 0, whole(record.submissions, bytes.submissions));
  position(memory, record.tail, record.head);
}
