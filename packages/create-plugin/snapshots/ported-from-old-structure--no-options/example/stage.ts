import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDevice } from './device.ts';
import { type Program, startProgram } from './program.ts';

/** All that is needed to dump and restore: the example program, and what it holds. */
export interface Stage {
  readonly program: Program;
  /** Where images may go. */
  readonly images: string;
  /** The device that the program holds as descriptor 3; null where this machine has none. */
  readonly device: string | null;
  /** Ends and removes everything. */
  close(): Promise<void>;
}

export async function setStage(): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'radio-'));
  const cleanups: (() => void | Promise<void>)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const undo of cleanups.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything could be removed');
  };
  try {
    const device = openDevice();
    const handOver = (): void => {
      // The program has them now: our own would keep them open when it is gone.
      if (device !== null) closeSync(device.fd);
    };
    const program = await startProgram({
      log: join(folder, 'count.log'),
      device,
    }).finally(handOver);
    cleanups.push(() => program.end());
    return {
      program,
      images: join(folder, 'images'),
      device: device?.path ?? null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
