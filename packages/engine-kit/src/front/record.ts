import { closeSync, constants, openSync } from 'node:fs';
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

/** Windows has no O_NOFOLLOW. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW = 0 } = constants;

/** A link in its place may have been put there for root to write through. */
function openFile(path: string): number {
  try {
    return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  } catch (cause) {
    const isLink = (cause as NodeJS.ErrnoException).code === 'ELOOP';
    const why = isLink ? 'it is a symbolic link, which is not followed' : (cause as Error).message;
    throw new EngineError('BAD_OPTION', `the record ${path} cannot be written: ${why}`, {
      remedy: isLink ? 'Give the path that the link leads to.' : 'Give the path of a file that you may write.',
      cause,
    });
  }
}
