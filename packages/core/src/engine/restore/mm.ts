import type { MmEntry } from '@criujs/images';
import { errnoName, writeMemory } from '@criujs/linux';
import { mostAuxv, prctl, setMmMap } from '../../facts/prctl.ts';
import type { BatchPlace } from '../../machinery/calls/batch.ts';
import { type DataArea, runTaskCalls, type TaskCall } from '../../machinery/calls/remote.ts';

/** `struct prctl_mm_map`: twelve 64-bit fields, then the size of the auxiliary vector and a descriptor. PR_SET_MM(2const). */
const mapSize = 104;
const sizeAt = 96;
const exeAt = 100;
const noExe = 0xffff_ffff;

/**
 * Sets what the kernel knows of a process's memory: where code, heap, stack, arguments and environment lie, and the
 * program file.
 *
 * @returns what could not be done: the program file needs CAP_CHECKPOINT_RESTORE
 */
export function setMm(place: BatchPlace, data: DataArea, mm: MmEntry, exe: number, file: string): string[] {
  const auxv = auxvBytes(mm);
  const auxvAt = data.start + data.size - mostAuxv * 8;
  const rest = { start: data.start, size: data.size - mostAuxv * 8 };
  writeMemory(place.pid, auxvAt, auxv);
  const call = (exeFd: number, optional: boolean): TaskCall => ({
    name: 'prctl',
    args: [prctl.setMm, setMmMap, mmMap(mm, auxvAt, auxv.length, exeFd), mapSize, 0],
    optional,
    what: 'set the layout of its memory',
  });
  const [failed] = runTaskCalls(place, rest, [call(exe, true)]);
  if (failed === undefined) return [];
  runTaskCalls(place, rest, [call(noExe, false)], file);
  return [`process ${place.pid}: /proc/${place.pid}/exe does not show its program (${errnoName(failed.errno)})`];
}

function auxvBytes(mm: MmEntry): Buffer {
  const bytes = Buffer.alloc(mm.mmSavedAuxv.length * 8);
  mm.mmSavedAuxv.forEach((word, at) => {
    bytes.writeBigUInt64LE(word, at * 8);
  });
  return bytes;
}

function mmMap(mm: MmEntry, auxv: number, auxvSize: number, exe: number): Buffer {
  const bytes = Buffer.alloc(mapSize);
  const fields = [
    mm.mmStartCode,
    mm.mmEndCode,
    mm.mmStartData,
    mm.mmEndData,
    mm.mmStartBrk,
    mm.mmBrk,
    mm.mmStartStack,
    mm.mmArgStart,
    mm.mmArgEnd,
    mm.mmEnvStart,
    mm.mmEnvEnd,
    BigInt(auxv),
  ];
  fields.forEach((field, at) => {
    bytes.writeBigUInt64LE(field, at * 8);
  });
  bytes.writeUInt32LE(auxvSize, sizeAt);
  bytes.writeUInt32LE(exe, exeAt);
  return bytes;
}
