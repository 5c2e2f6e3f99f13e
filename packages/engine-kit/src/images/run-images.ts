import type { SectionStore } from '@criujs/plugin-host';
import { EngineError } from '../errors/errors.ts';
import type { RunOptions } from '../front/options.ts';
import { defaultDeadlineMs } from '../front/plugins.ts';
import { type CommitMark, createCommitMark } from './commit-mark.ts';
import type { DirectoryPlace } from './directory-place.ts';

/** Where the images of a run are: an engine opens files of a directory itself, and asks for those of a store. */
export type StorePlace = DirectoryPlace | 'store' | 'none';

/** The images of one run, on the main thread. */
export interface RunImages {
  readonly place: StorePlace;
  /** Whether they are a dump by now. */
  readonly mark: CommitMark;
  /** Where plugins' own parts live; loads the host's code only when there are plugins. */
  sections(): Promise<SectionStore | undefined>;
  /** Serves the engine; null: there is no such image to read. */
  open(name: string, mode: 'read' | 'write'): Promise<number | null>;
  list(): Promise<readonly string[]>;
  /** Makes a store's images the dump. */
  commit(): Promise<void>;
  /** A whole image, read on this thread; null: there is none. */
  read(name: string): Promise<Uint8Array | null>;
  /** After the commit, before plugins go on. */
  follow(): void;
  /** Ends the claim; what a dump without a commit wrote is taken back. Never throws. */
  close(): Promise<void>;
}

/** What images are opened for. */
export interface Purpose {
  readonly stage: 'dump' | 'restore';
  readonly force: boolean;
  /** Restore images whoever wrote them. */
  readonly trustImages: boolean;
  readonly cwd: string | undefined;
  /** Milliseconds that a store may take. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Puts a run's options together. */
export function purposeOf(
  stage: Purpose['stage'],
  { force = false, trustImages = false }: Partial<Pick<Purpose, 'force' | 'trustImages'>>,
  { cwd, signal, hookDeadline: deadlineMs = defaultDeadlineMs }: Pick<RunOptions, 'cwd' | 'signal' | 'hookDeadline'>,
): Purpose {
  return { stage, force, trustImages, cwd, deadlineMs, signal };
}

/** For runs without images. */
export function noImages(): RunImages {
  return {
    place: 'none',
    mark: createCommitMark(),
    sections: async () => undefined,
    open: async () => null,
    list: async () => [],
    commit: async () => undefined,
    read: async () => null,
    follow: () => undefined,
    close: async () => undefined,
  };
}

/** For what is neither. */
export function badImages(): EngineError {
  return new EngineError('BAD_OPTION', '`images` is neither a path nor a store with a `begin` function', {
    remedy: "Give a directory: images: 'path/to/directory'.",
  });
}
