import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RecordSink } from '@criujs/plugin-host';
import { EngineError } from '../errors/errors.ts';
import { writeAll } from '../images/write-image.ts';
import type { RunOptions } from './options.ts';

/** Where a run's calls are kept. */
export interface RunRecord {
  /** null: nowhere. */
  readonly sink: RecordSink | null;
  close(): void;
}

/**
 * Opens what `record` asks for. Lines are written at once: also the record of a run that is killed is whole up to there.
 * @throws EngineError BAD_OPTION when the file cannot be written
 */
export function openRecord({ record, cwd = '.' }: RunOptions): RunRecord {
  if (record === undefined) return { sink: null, close: () => undefined };
  if (typeof record === 'function') return { sink: record, close: () => undefined };
  const path = resolve(cwd, record);
  let fd: number | null = openFile(path);
  return {
    sink(line) {
      if (fd !== null) writeAll(fd, Buffer.from(line));
    },
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function openFile(path: string): number {
  try {
    return openSync(path, 'w', 0o600);
  } catch (cause) {
    throw new EngineError('BAD_OPTION', `the record ${path} cannot be written: ${(cause as Error).message}`, {
      remedy: 'Give the path of a file that you may write.',
      cause,
    });
  }
}
