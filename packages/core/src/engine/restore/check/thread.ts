import type { CoreEntry } from '@criujs/images';
import { threadKinds } from '../../../kinds/threads/table.ts';

/** Checks what an image says of one thread. @throws EngineError IMAGE_INVALID, UNSUPPORTED */
export function checkThread(core: CoreEntry, file: string): void {
  const { threadCore: own, threadInfo: info } = core;
  if (own === undefined || info === undefined) return;
  for (const kind of threadKinds) kind.check?.({ own, info, core }, file);
}
