// What the engine's own functions take and give: `dumpTree(options, session)` and its siblings in `engine/`.

export interface EngineDumpOptions {
  readonly pid: number;
  readonly leaveRunning: boolean;
  readonly dumpOnly: boolean;
}

export interface DumpOutcome {
  readonly root: number;
  readonly processes: number;
  readonly threads: number;
  readonly bytes: number;
  readonly frozenMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
  readonly plugins: readonly string[];
}

export interface EngineRestoreOptions {
  readonly newPids: boolean;
  /** false: the root becomes a child of this process (CLONE_PARENT) and is waited for by the run. */
  readonly detach: boolean;
}

export interface RestoreOutcome {
  readonly pid: number;
  readonly pids: readonly (readonly [old: number, now: number])[];
  /** Milliseconds from the first process to all running. */
  readonly restoreMs: number;
  readonly totalMs: number;
  readonly warnings: readonly string[];
}
