import type { Session } from '../../run/session.ts';
import type { UndoCall } from './hold-guard.ts';

/** What a dump has kept for the images, and a restore makes use of and then takes away. */
export interface Release {
  /** In words, for warnings. */
  readonly what: string;
  undo(): void;
  /** Calls without which the tree must not run: they are made even if the engine is killed, before `undo`. Asked for when all is made. */
  calls?(): readonly UndoCall[];
}

/** Undoes something when the restored tree can no longer fail, just before it runs; if the restore fails, it stays. */
export type BeforeItRuns = (release: Release) => void;

/** All that is to be undone before the tree runs. */
export interface Releases {
  readonly beforeItRuns: BeforeItRuns;
  /** All calls without which the tree must not run. */
  calls(): readonly UndoCall[];
  /** Undoes all of it, the last added first. Never throws: what cannot be undone is a warning. */
  run(): void;
}

/** @param warn is told what could not be undone */
export function createReleases(warn: Session['warn']): Releases {
  const all: Release[] = [];
  return {
    beforeItRuns: (release) => void all.push(release),
    calls: () => all.flatMap((release) => release.calls?.() ?? []),
    run() {
      for (const { what, undo } of all.splice(0).reverse()) {
        try {
          undo();
        } catch (error) {
          warn(`${what}: could not be undone (${error instanceof Error ? error.message : String(error)})`);
        }
      }
    },
  };
}
