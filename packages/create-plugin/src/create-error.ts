/** Stable: programs that call `create-criu-plugin --json` compare it. */
export type CreateErrorCode =
  /** `update` in a folder that is not a project of ours. */
  | 'NO_PROJECT'
  /** `.criu-plugin.json` cannot be understood. */
  | 'BAD_RECORD'
  /** The project was made by a newer create-criu-plugin. */
  | 'NEWER_PROJECT'
  /** There are changes that git does not hold yet. */
  | 'DIRTY_TREE'
  /** Without git an update cannot be undone. */
  | 'NO_GIT'
  /** A file of the project cannot be read or written. */
  | 'FILE_ACCESS'
  /** A migration failed: a defect of ours. */
  | 'MIGRATION_FAILED'
  /** The command line is not valid. */
  | 'USAGE'
  /** There is no terminal to ask at, and flags are missing. */
  | 'MISSING_FLAGS'
  /** An answer that cannot be. */
  | 'INVALID_ANSWER'
  /** npm would not take the package's name. */
  | 'INVALID_NAME'
  /** The folder holds something already, or is none. */
  | 'FOLDER_TAKEN'
  /** The folder cannot be made or written to. */
  | 'FOLDER_UNWRITABLE'
  /** This Node is too old. */
  | 'NODE_UNSUPPORTED'
  /** A file of the new project could not be written; what was written before is gone again. */
  | 'WRITE_FAILED'
  /** What --from names is not a plugin, or not all of its hooks can be read. */
  | 'PORT_UNREADABLE'
  /** What --from names is already a current plugin. */
  | 'PORT_OF_TODAY'
  /** Ctrl-C. */
  | 'INTERRUPTED';

/** Why nothing was made or changed, and what to do about it. */
export class CreateError extends Error {
  override readonly name = 'CreateError';
  readonly code: CreateErrorCode;
  readonly remedy: string;

  constructor(code: CreateErrorCode, message: string, remedy: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
  }
}
