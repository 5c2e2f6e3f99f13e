import { CreateError } from '../create-error.ts';

/**
 * There is one folder, and nothing else without dashes.
 * @throws {CreateError} `USAGE`
 */
export function refuseExtra(words: readonly string[]): void {
  if (words.length === 0) return;
  throw new CreateError(
    'USAGE',
    `there is only one folder, and this is too much: ${words.join(' ')}`,
    'Quote a name with blanks. npm takes flags for itself unless they come after --: npm create criu-plugin my-plugin -- --yes',
  );
}
