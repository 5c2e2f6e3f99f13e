import type { EngineOptions } from '@criujs/engine-kit';

// What the engine's own functions take: `dumpTree(options, session)` and its siblings in `engine/`.

export interface EngineDumpOptions extends EngineOptions<'dump'> {
  readonly pid: number;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
}

export interface EngineRestoreOptions extends EngineOptions<'restore'> {
  /** false: the root becomes a child of this process (CLONE_PARENT) and is waited for by the run. */
  readonly detach: boolean;
}
