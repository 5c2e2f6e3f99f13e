import { EngineError } from '@criujs/engine-kit';
import { isFieldSet, type VmaEntry, VmaEntrySchema } from '@criujs/images';
import { getFlags } from '@criujs/linux';
import { protection, vmaStatus } from '../../facts/memory.ts';
import type { OpenedFiles } from '../../files/opened.ts';
import { accessOf as openedFor, openFlag } from '../../kinds/files/flags.ts';
import { isFileMap } from '../../kinds/maps/of-file.ts';
import type { MapPlan, MemoryPlan } from './layout.ts';

/** A process as far as its maps are concerned. */
interface Mapped {
  readonly image: { readonly pid: number };
  readonly memory: Pick<MemoryPlan, 'maps'>;
}

/**
 * Checks, before any process is made, that memory can be mapped from what plugins opened.
 * @throws EngineError HOOK_BAD_RESULT: it is open for something else
 */
export function checkSources(tasks: readonly Mapped[], files: OpenedFiles): void {
  for (const { image, memory } of tasks) {
    for (const map of memory.maps) {
      if (!isFileMap(map.entry) || map.device !== null) continue;
      const file = files.ofPlugin(Number(map.entry.shmid));
      if (file === null) continue;
      const trouble = troubleWith(getFlags(sourceOf(map, files)), map);
      if (trouble !== null) throw unfit(image.pid, map, file, trouble);
    }
  }
}

/** What mmap(2) would not take. */
function troubleWith(flags: number, { entry }: MapPlan): string | null {
  if (flags & openFlag.O_PATH) return 'as a reference only (O_PATH)';
  const access = openedFor(flags);
  if (access === 'write') return 'for writing only';
  const isWritten = (entry.status & vmaStatus.fileShared) !== 0 && (entry.prot & protection.write) !== 0;
  return isWritten && access === 'read' ? 'for reading only' : null;
}

function unfit(
  pid: number,
  { start }: MapPlan,
  { resource, plugin }: NonNullable<ReturnType<OpenedFiles['ofPlugin']>>,
  how: string,
): EngineError {
  const message = `${resource}: RESTORE_EXT_FILE opened it ${how}, but memory of ${pid} at 0x${start.toString(16)} is mapped from it`;
  const remedy = 'Open it with the access mode of file.flags (O_RDWR for shared memory that is written).';
  return new EngineError('HOOK_BAD_RESULT', message, { pid, hook: 'RESTORE_EXT_FILE', plugin, resource, remedy });
}

/** The engine's descriptor of what is mapped. */
export function sourceOf({ entry, device }: MapPlan, files: OpenedFiles): number {
  return device?.fd ?? files.mapping(Number(entry.shmid), accessOf(entry));
}

/** O_ACCMODE. open(2). */
const openMode = 3;

/** Maps that change their file need a descriptor that may write. */
export function accessOf(entry: VmaEntry): 'read' | 'write' {
  if (isFieldSet(entry, VmaEntrySchema.field.fdflags)) return entry.fdflags & openMode ? 'write' : 'read';
  return entry.status & vmaStatus.fileShared && entry.prot & protection.write ? 'write' : 'read';
}
