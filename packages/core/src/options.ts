import type { FileOptions, InheritedFd, TcpRestoreOptions } from '@criujs/engine-kit';

// What the engine's own functions take: `dumpTree(options, session)` and its siblings in `engine/`.

export interface EngineDumpOptions extends FileOptions {
  readonly pid: number;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
}

export interface EngineRestoreOptions {
  readonly newPids: boolean;
  readonly allowClockBehind: boolean;
  readonly fileLocks: boolean;
  readonly shellJob: boolean;
  readonly extUnixSk: boolean;
  readonly tcp: TcpRestoreOptions;
  readonly allowGrownFiles: boolean;
  readonly inheritFd: readonly InheritedFd[];
  /** false: the root becomes a child of this process (CLONE_PARENT) and is waited for by the run. */
  readonly detach: boolean;
}
