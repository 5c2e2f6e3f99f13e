import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { root } from '../../../core/test/harness/machine.ts';

const run = promisify(execFile);

/** What npm prints for the checkout, with the machine's own settings. */
export async function npmOutput(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await run('npm', [...args], { cwd: root, maxBuffer: 2 ** 26, ...options });
  return stdout.trim();
}
