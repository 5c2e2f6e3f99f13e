import { EngineError } from '@criujs/engine-kit';
import { pause } from '@criujs/engine-kit/targets';
import { blaming } from '../engine/blame.ts';
import { kindOfEntry } from '../kinds/files/kind-of-entry.ts';
import type { FileEntry, LoadContext } from '../kinds/files/opening.ts';

/** Plugins that answer "later" wait for other files first, then for the world outside: this long, in milliseconds. */
const patience = { step: 20, whole: 10_000 } as const;

/** What opening all files takes. */
interface Opening extends Pick<LoadContext, 'session' | 'records'> {
  open(file: FileEntry): number | 'later';
}

/**
 * Opens files, those of the engine first: a plugin is not asked for anything that cannot come back whole. A file whose plugin
 * says "later" is asked for again after all others.
 */
export function openAll(files: readonly FileEntry[], opening: Opening, opened: Map<number, number>): void {
  const isPlugins = (file: FileEntry): boolean => kindOfEntry(file).plugins !== undefined;
  let waiting = [...files.filter((file) => !isPlugins(file)), ...files.filter(isPlugins)];
  let waitedMs = 0;
  while (waiting.length > 0) {
    opening.session.checkAborted();
    const later = waiting.filter((file) => !open(file, opening, opened));
    if (later.length === waiting.length) waitedMs += sleep(later, waitedMs, opening);
    waiting = later;
  }
}

/** Whether the file is open now. */
function open(file: FileEntry, opening: Opening, opened: Map<number, number>): boolean {
  opening.session.checkAborted();
  const fd = blaming('files.img', () => opening.open(file));
  if (fd === 'later') return false;
  opened.set(file.id, fd);
  return true;
}

/** Nothing else is left to open: what they wait for must come from outside. */
function sleep(files: readonly FileEntry[], waitedMs: number, { records }: Opening): number {
  if (waitedMs < patience.whole) {
    pause(patience.step);
    return patience.step;
  }
  const known = files.map(({ id }) => ({ id, file: records?.externals.find((it) => it.id === id)?.file }));
  const resource = known.map(({ id, file }) => `file ${id}${file?.path ? ` (${file.path})` : ''}`).join(', ');
  const providers = [...new Set(known.flatMap(({ file }) => file?.provider?.name ?? []))];
  const who = providers.length === 0 ? 'a plugin' : `plugin ${providers.join(' and ')}`;
  throw new EngineError(
    'PLUGIN_FAILED',
    `${resource}: ${who} answers RESTORE_EXT_FILE with "later" still, and no other file is left to wait for`,
    {
      plugin: providers[0],
      hook: 'RESTORE_EXT_FILE',
      resource,
      remedy: 'Look at what the plugin waits for: its log says more with -v.',
    },
  );
}
