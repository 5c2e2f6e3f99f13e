import { EngineError } from '@criujs/engine-kit';
import { writeMemory } from '@criujs/linux';
import { aioRequest, aioRing } from '../../facts/aio.ts';
import { type AioPositions, pollRequest, sameRequest } from '../aio-memory.ts';
import type { FilledMaps } from './kind.ts';

/** So many requests are made in one call. */
const atOnce = 256;
/** So many calls in a row may be refused: the places of a ring lie with processors, and a thread may come to another one. */
const mostRefusals = 1000;

/**
 * Brings a new ring to positions, by requests that end at once: the kernel counts them itself. As many of their events are left unread
 * as waited, so that it keeps those places.
 * @throws EngineError UNSUPPORTED where more wait than this machine has room for
 */
export function bringTo({ places, head, tail, waiting }: AioPositions, context: number, task: FilledMaps): void {
  const { pid, data } = task;
  // What waits may go beyond the end of the ring: then that has to be passed.
  const count = tail < head ? places + tail : tail;
  if (count === 0) return;
  const [eventfd = -1] = task.run([['eventfd2', 1, 0]]);
  if (eventfd < 0) throw new EngineError('INTERNAL', `process ${pid}: no eventfd (${eventfd})`);
  const array = data.start + aioRequest.size;
  writeMemory(pid, data.start, pollRequest(eventfd));
  writeMemory(pid, array, sameRequest(data.start, atOnce));
  for (let done = 0, refused = 0; done < count; ) {
    const [made = 0] = task.run([['io_submit', context, Math.min(atOnce, count - done), array]]);
    refused = made > 0 ? 0 : refused + 1;
    if (refused > mostRefusals) throw tooMany(waiting, task);
    done += Math.max(0, made);
    writeMemory(pid, context + aioRing.head, position(Math.min(done, count - waiting) % places));
  }
  task.run([['close', eventfd]]);
}

function position(at: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(at);
  return bytes;
}

function tooMany(waiting: number, { pid, file }: FilledMaps): EngineError {
  return new EngineError(
    'UNSUPPORTED',
    `${file}: an AIO ring with ${waiting} events that wait has no room for them here`,
    {
      pid,
      resource: file,
      remedy: 'Restore it on a machine with as many processors as that of the dump.',
    },
  );
}
