import { exitCodes } from '@criujs/core';

/** A user's mistake on the command line or in a configuration. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
  readonly remedy: string;
  readonly exitCode: number = exitCodes.usage;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
