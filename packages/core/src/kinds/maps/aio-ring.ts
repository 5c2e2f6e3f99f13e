import { EngineError } from '@criujs/engine-kit';
import { errno, errnoName, readMemory, writeMemory } from '@criujs/linux';
import { refusedCall } from '../../engine/blame.ts';
import type { MapPlan } from '../../engine/restore/layout.ts';
import { aioRing, aioRingName, mostRingBytes } from '../../facts/aio.ts';
import { mapFlag, pageSize, protection, remapFlag, vmaStatus } from '../../facts/memory.ts';
import { type AioPositions, fewestRequestsFor, positionsIn } from '../aio-memory.ts';
import { invalid } from '../rules.ts';
import { bringTo } from './aio-positions.ts';
import { keptFlags } from './flags.ts';
import type { FilledMaps, MapKind } from './kind.ts';
import { mapPrivate } from './map-call.ts';

const both = protection.read | protection.write;

/**
 * The ring of an AIO context (io_setup(2)). Its address is the name by which the program knows the context. Whether requests are in
 * flight only the process can find out: `kinds/processes/aio-rings.ts`. What waits in it comes back, and where it was.
 */
export const aioRingMap: MapKind = {
  name: 'an AIO ring',
  describe: [
    {
      subject: 'memory',
      taken: ['AIO rings (`io_setup`) with what waits in them, while no request is in flight'],
      refused: ['AIO rings of processes whose seccomp filters may forbid what finds that out'],
    },
  ],
  recognise({ name, shared, offset, read, write }) {
    if (!name.startsWith(aioRingName)) return null;
    if (shared && offset === 0 && read && write) return 'mine';
    return {
      why: 'a part of this AIO ring is protected or unmapped, and nobody can tell then whether requests are in flight',
      remedy: 'Let the program destroy the AIO context before the dump (io_destroy).',
    };
  },
  save: (vma) => ({
    fields: { flags: mapFlag.shared | keptFlags(vma), status: vmaStatus.aioRing, pgoff: 0n },
    pages: 'whole',
  }),
  matches: ({ status }) => (status & vmaStatus.aioRing) !== 0,
  check({ start, end, flags, prot }, file) {
    const bytes = Number(end - start);
    if ((flags & mapFlag.shared) === 0 || (prot & both) !== both || bytes < pageSize || bytes > mostRingBytes)
      throw invalid(file, `an AIO ring at ${start.toString(16)} as none can be`);
  },
  // Memory that holds its pages until the ring takes its place.
  make: mapPrivate,
  madeWith: both,
  // The kernel numbers contexts in their order, and keeps the number in the ring.
  settle: (maps, task) => {
    for (const ring of maps.map((map) => held(map, task)).toSorted((a, b) => a.id - b.id)) place(ring, task);
  },
};

/** A ring that is to be made. */
interface HeldRing {
  readonly start: number;
  readonly content: Buffer;
  readonly positions: AioPositions;
  readonly id: number;
}

/** @throws EngineError IMAGE_INVALID */
function held({ start, end }: MapPlan, { pid, file }: FilledMaps): HeldRing {
  const content = readMemory(pid, start, end - start);
  const positions = positionsIn(content, content.length);
  if (positions === null) throw invalid(file, `the AIO ring at ${start.toString(16)} has no valid head`);
  return { start, content, positions, id: content.readUInt32LE(aioRing.id) };
}

function place({ start, content, positions }: HeldRing, task: FilledMaps): void {
  const { length } = content;
  const context = setUp(fewestRequestsFor(length), task);
  bringTo(positions, context, task);
  writeMemory(task.pid, context + aioRing.events, content.subarray(aioRing.events));
  const how = remapFlag.mayMove | remapFlag.fixed;
  const [moved = 0] = task.run([['mremap', context, length, length, how, start]]);
  if (moved !== start) throw failed(task, `move an AIO ring to ${start.toString(16)}`, moved);
}

/** Makes a context; gives its address. @throws EngineError KERNEL where the limit of the machine is reached */
function setUp(requests: number, task: FilledMaps): number {
  const { pid, data, file } = task;
  writeMemory(pid, data.start, new Uint8Array(8));
  const [made = 0] = task.run([['io_setup', requests, data.start]]);
  if (made === -errno.EAGAIN)
    throw new EngineError('KERNEL', `process ${pid}: there is no room for an AIO ring of ${requests} requests`, {
      pid,
      resource: file,
      remedy: 'Raise fs.aio-max-nr (sysctl).',
    });
  if (made < 0) throw failed(task, `make an AIO ring of ${requests} requests`, made);
  return Number(readMemory(pid, data.start, 8).readBigUInt64LE(0));
}

function failed({ pid, file }: FilledMaps, what: string, answer: number): EngineError {
  const name = answer < 0 ? errnoName(-answer) : 'EINVAL';
  return refusedCall(name, `process ${pid}: cannot ${what}: ${name}`, { pid, file });
}
