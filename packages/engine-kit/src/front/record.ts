import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RecordSink } from '@criujs/plugin-host';
import { openOwnFile } from '../files/own-file.ts';
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
 * @throws EngineError BAD_OPTION when the file cannot be written, or somebody else may have put it there
 */
export function openRecord({ record, cwd = '.' }: Pick<RunOptions, 'record' | 'cwd'>): RunRecord {
  if (record === undefined) return { sink: null, close: () => undefined };
  if (typeof record === 'function') return { sink: record, close: () => undefined };
  let fd: number | null = openOwnFile({ what: 'the record', path: resolve(cwd, record), append: false });
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
