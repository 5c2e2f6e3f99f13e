import type { IpcDescEntry, IpcDescEntrySchema, MessageInitShape } from '@criujs/images';
import { largestIpcId } from '../facts/system-v.ts';
import { between, hold, invalid, type Rule } from '../kinds/rules.ts';
import type { NewObject } from './create.ts';

/** The marks of the kernel's and the permissions in a mode. */
const largestMode = 0o7777;

const rules: readonly Rule<IpcDescEntry>[] = [
  between('the id of a System V object', ({ id }) => id, 0, largestIpcId),
  between('the mode of a System V object', ({ mode }) => mode, 0, largestMode),
];

/** What images say of any object. CRIU keeps the key as a number without a sign. */
export function descriptionOf({
  key,
  id,
  mode,
  uid,
  gid,
  cuid,
  cgid,
}: NewObject): MessageInitShape<typeof IpcDescEntrySchema> {
  return { key: key >>> 0, id, mode, uid, gid, cuid, cgid };
}

/** Reads what images say of the objects of one image, each once. @throws EngineError IMAGE_INVALID */
export function objectsOf<T extends { readonly desc?: IpcDescEntry | undefined }>(
  entries: readonly T[],
  file: string,
): { readonly object: NewObject; readonly entry: T }[] {
  const seen = new Set<number>();
  return entries.map((entry) => {
    const { desc } = entry;
    if (desc === undefined) throw invalid(file, 'an object without a description');
    hold(desc, file, rules);
    if (seen.has(desc.id)) throw invalid(file, `two objects have the id ${desc.id}`);
    seen.add(desc.id);
    const { key, id, mode, uid, gid, cuid, cgid } = desc;
    return { entry, object: { key: key | 0, id, mode, uid, gid, cuid, cgid } };
  });
}
