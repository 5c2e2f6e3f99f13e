import type { PluginHost } from '@criujs/plugin-host';
import type { Records } from '../records/records.ts';
import type { DumpJob, DumpOutcome, Engine, EngineJob, RestoreJob, RestoreOutcome } from './engine.ts';

/**
 * An engine that works on the main thread and with a folder, such as CRIU: `folderEngine` makes an {@link Engine} of it, which
 * runs
 * the life of the plugins, reads the records, and ends a process that a plugin blocks.
 */
export interface FolderEngine extends Pick<Engine, 'name' | 'check' | 'plan'> {
  /** As {@link Engine.dump}. It must call `commit` while the tree is stopped. */
  dump(job: FolderDumpJob): Promise<DumpOutcome>;
  restore(job: FolderRestoreJob): Promise<RestoreOutcome>;
  /**
   * Whether a plugin of the engine's own may be the one that the inventory lists by this name; the engine itself ensures that it
   * is loaded. Default: none is, and a restore is refused unless a loaded plugin has the name.
   * @param hosted whether the run has plugins of the host, too
   */
  answersFor?(listed: string, hosted: boolean): boolean;
}

/** What a {@link FolderEngine} is given for any run. */
export interface FolderJob extends Pick<EngineJob, 'hookDeadlineMs' | 'signal' | 'phase' | 'log' | 'warn'> {
  /**
   * Where the images are: an absolute path to a directory that is there. At a dump it is an empty folder beside the image
   * directory, whose place it takes with the commit: a descriptor of it stays right, the path does not.
   */
  readonly images: string;
  /** The image directory by its own name, for messages. */
  readonly directory: string;
  /** The plugins, after their init; null: there are none. Hooks that wait at an abort have failed by then. */
  readonly host: PluginHost | null;
}

export interface FolderDumpJob
  extends FolderJob,
    Pick<
      DumpJob,
      | 'pid'
      | 'leaveRunning'
      | 'dumpOnly'
      | 'ghostLimit'
      | 'linkRemap'
      | 'fileLocks'
      | 'shellJob'
      | 'extUnixSk'
      | 'external'
      | 'tcp'
    > {
  /**
   * Puts the images in the place of the image directory, in one step, when all of them are written. A dump that was there stays
   * whole until then.
   * @throws EngineError IMAGES_UNWRITABLE, IMAGES_FULL: nothing has changed, and the tree must run on
   */
  commit(): void;
  /**
   * Undoes a commit: for a tree that runs on although it should have ended. Without a commit it does nothing. @throws
   * EngineError
   */
  takeBack(): void;
}

export interface FolderRestoreJob
  extends FolderJob,
    Pick<RestoreJob, 'newPids' | 'fileLocks' | 'shellJob' | 'extUnixSk' | 'tcp' | 'inheritFd' | 'detach'> {
  /** What `criujs.json` says; null: there is none, as in images that nobody but CRIU wrote. */
  readonly records: Records | null;
}
