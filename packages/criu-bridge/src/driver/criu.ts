import type { Engine } from '@criujs/engine-kit';
import { folderEngine } from '@criujs/engine-kit/folder-engine';
import { checkCriu } from './check.ts';
import { dumpWithCriu } from './dump.ts';
import { nativeAnswersFor } from './native-answers.ts';
import type { CriuOptions } from './options.ts';
import { planRow } from './plan.ts';
import { restoreWithCriu } from './restore.ts';

/**
 * An installed CRIU as the engine of a run: `dump({ pid, images, plugins, engine: criu() })`. It is looked for when a run
 * begins; plugins, images and errors are those of the embedded engine.
 */
export function criu(options: CriuOptions = {}): Engine {
  return folderEngine({
    name: 'CRIU',
    dump: (job) => dumpWithCriu(options, job),
    restore: (job) => restoreWithCriu(options, job),
    check: (signal) => checkCriu(options, signal),
    answersFor: (listed, hosted) => nativeAnswersFor(listed, hosted, options),
    plan: planRow,
  });
}
