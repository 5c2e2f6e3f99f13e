import type { PortedPlugin } from '../answers.ts';
import { CreateError } from '../create-error.ts';

/**
 * Reads which hooks an existing plugin registers, without running it.
 * @throws {CreateError}
 */
export async function readPorted(path: string): Promise<PortedPlugin> {
  throw new CreateError('USAGE', `${path} cannot be read yet`, 'Use --handles.');
}
