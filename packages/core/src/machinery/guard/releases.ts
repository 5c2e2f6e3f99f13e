import type { Session } from '../../run/session.ts';

/** What a dump has kept for the images, and a restore makes use of and then takes away. */
export interface Release {
  /** In words, for warnings. */
  readonly what: string;
  undo(): void;
}

/** Undoes something when the restored tree can no longer fail, just before it runs; if the restore fails, it stays. */
export type BeforeItRuns = (release: Release) => void;

/** All that is to be undone before the tree runs. */
export interface Releases {
  readonly beforeItRuns: BeforeItRuns;
  /** Undoes all of it, the last added first. Never throws: what cannot be undone is a warning. */
  run(): void;
}

/** @param warn is told what could not be undone */
export function createReleases(warn: Session['warn']): Releases {
  const all: Release[] = [];
  return {
    beforeItRuns: (release) => void all.push(release),
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
