/** Stable: programs that call `create-criu-plugin --json` compare it. */
export type CreateErrorCode =
  /** `update` in a folder that is no project of ours. */
  | 'NO_PROJECT'
  /** `.criu-plugin.json` cannot be understood. */
  | 'BAD_RECORD'
  /** The project was made by a newer create-criu-plugin. */
  | 'NEWER_PROJECT'
  /** There are changes that git does not hold yet. */
  | 'DIRTY_TREE'
  /** Without git there is no way back from an update. */
  | 'NO_GIT'
  /** A file of the project cannot be read or written. */
  | 'FILE_ACCESS'
  /** A migration failed: a defect of ours. */
  | 'MIGRATION_FAILED';

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
