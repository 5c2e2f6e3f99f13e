import type { TaskCoreEntry } from '@criujs/images';
import { lastSignal, terminates } from '../../../facts/tasks.ts';
import type { ProcessImage } from '../../../kinds/processes/kind.ts';
import { processKinds } from '../../../kinds/processes/table.ts';
import { invalid } from '../../../kinds/rules.ts';

/** Checks what an image says of a living process as a whole. @throws EngineError IMAGE_INVALID */
export function checkProcess(image: ProcessImage, file: string): void {
  for (const kind of processKinds) kind.check?.(image, file);
}

/** The bits of a wait status of a process that has ended: signal, whether there is a core file, exit code. wait(2). */
const status = { all: 0xffff, signal: 0x7f, code: 0xff00 } as const;

/** Checks how a process had ended: it is to end so again. @throws EngineError IMAGE_INVALID */
export function checkEnd({ exitCode }: TaskCoreEntry, file: string): void {
  const signal = exitCode & status.signal;
  const isExit = signal === 0;
  const fits = isExit || (signal <= lastSignal && terminates(signal) && (exitCode & status.code) === 0);
  if (exitCode > status.all || !fits)
    throw invalid(file, `its exit status is 0x${exitCode.toString(16)}, which is not possible`);
}
