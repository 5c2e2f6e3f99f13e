import { EngineError } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { errno, errnoName, LinuxError, readMemory, type Vma } from '@criujs/linux';
import { aioRing, aioRingName } from '../../facts/aio.ts';
import { vmaStatus } from '../../facts/memory.ts';
import type { FrozenTask } from '../../machinery/freeze/freeze.ts';
import { mapsOf } from '../../machinery/freeze/maps-of.ts';
import { placesIn, positionsIn, requestsFor } from '../aio-memory.ts';
import { invalid, unsupported } from '../rules.ts';
import { forbiddenCall } from './aio-filters.ts';
import { fillRing } from './aio-probe.ts';
import { newRing } from './aio-slots.ts';
import type { ProcessImage, ProcessKind, ProcessPart, Talk } from './kind.ts';

/** Milliseconds: reads and writes of files end by themselves while the process stands still, others may last for ever. */
const patienceMs = 250;
const pauseMs = 10;

/** AIO contexts of a process: what the images say of them beside their memory, and that none has a request in flight. */
export const aioRings: ProcessKind = {
  name: 'AIO contexts',
  describe: [],
  converse: () => dump,
  check,
};

function dump(task: FrozenTask, talk: Talk): ProcessPart {
  const rings = mapsOf(task).filter(({ name }) => name.startsWith(aioRingName));
  if (rings.length === 0) return {};
  for (const ring of rings) refuseBusy(task, ring, talk);
  const aios = rings.map(({ start, end }) => {
    return { id: BigInt(start), nrReq: requestsFor(end - start), ringLen: end - start };
  });
  return { mm: { aios } };
}

/** @throws EngineError UNSUPPORTED where it is not sure that nothing is in flight */
function refuseBusy(task: FrozenTask, ring: Vma, talk: Talk): void {
  const bytes = ring.end - ring.start;
  const destroy = 'Let the program destroy the AIO context before the dump (io_destroy).';
  const refuse = (why: string, remedy: string): EngineError => {
    const where = `the AIO ring at ${ring.start.toString(16)}`;
    return new EngineError('UNSUPPORTED', `${task.pid} (${task.command}): ${where}: ${why}`, { pid: task.pid, remedy });
  };
  const forbidden = forbiddenCall(task);
  if (forbidden !== null)
    throw refuse(
      `to find out whether requests are in flight takes the call ${forbidden}, which a seccomp filter may forbid`,
      `Let the filter allow it, whatever its arguments. ${destroy}`,
    );
  const positions = positionsIn(readMemory(task.pid, ring.start, aioRing.events), bytes);
  if (positions === null) throw refuse('its head is not that of a ring of this size', destroy);
  const fresh = newRingOr(bytes, refuse);
  if (fresh.places !== positions.places) throw refuse('this kernel makes no ring of its size', destroy);
  for (const began = performance.now(); ; pause(pauseMs)) {
    const filled = fillRing(task, ring, positions.places, fresh.fits, talk);
    if (filled === null)
      throw refuse('its threads cannot all wait while it is found out whether requests are in flight', destroy);
    const { accepted, expected, answer } = filled;
    if (answer === -errno.EINVAL)
      throw refuse('it is that of another process, which this one was forked from', 'Let the program unmap it.');
    if (answer !== -errno.EAGAIN)
      throw refuse(`the process could not find out whether requests are in flight (${errnoName(-answer)})`, destroy);
    if (accepted >= expected) return;
    if (performance.now() - began > patienceMs)
      throw refuse(
        'requests are in flight, or the process may not run on all processors where it has used the ring',
        'Dump when they are done, or let the program cancel those that wait for long (io_cancel).',
      );
    talk.check();
  }
}

function newRingOr(bytes: number, refuse: (why: string, remedy: string) => EngineError): ReturnType<typeof newRing> {
  try {
    return newRing(bytes);
  } catch (error) {
    if (!(error instanceof LinuxError)) throw error;
    if (error.code === 'EAGAIN')
      throw refuse('the engine may not make a ring to compare it with', 'Raise fs.aio-max-nr (sysctl).');
    throw refuse(`whether requests are in flight cannot be found out: ${error.message}`, 'Use Linux 4.19 or newer.');
  }
}

/** @throws EngineError IMAGE_INVALID, UNSUPPORTED */
function check({ mm }: ProcessImage, file: string): void {
  const rings = new Map(mm.aios.map(({ id, ringLen }) => [id, ringLen]));
  const maps = mm.vmas.filter(({ status }) => (status & vmaStatus.aioRing) !== 0);
  const isSame =
    maps.length === mm.aios.length && maps.every(({ start, end }) => rings.get(start) === Number(end - start));
  if (!isSame) throw invalid(file, 'its AIO contexts are not those of its maps');
  for (const bytes of new Set(rings.values())) {
    const here = newRingOr(bytes, (why) =>
      unsupported(`an AIO ring of ${bytes} bytes: ${why}`, 'Raise fs.aio-max-nr (sysctl).'),
    );
    if (here.places !== placesIn(bytes))
      throw unsupported(
        `an AIO ring of ${placesIn(bytes)} places: the kernel makes it larger on this machine, which may have more processors`,
        'Restore it on a machine with as many processors as that of the dump.',
      );
  }
}
