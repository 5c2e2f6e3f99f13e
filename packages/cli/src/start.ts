import { fileURLToPath } from 'node:url';
import { type Preparation, prepareThread } from '@criujs/core/thread';
import { codeCache, loadScript } from '@criujs/engine-kit/code-cache';
import type * as Command from './command.ts';

// The first that the command runs, and small: Node compiles it each time.

/** Runs the command with these arguments (without node and script), and ends the process. */
export async function start(args: readonly string[]): Promise<void> {
  const job = jobOf(args);
  if (job === null) {
    const { main, leave } = await import('./command.ts');
    return leave(await main(args), false);
  }
  const cache = codeCache();
  // It starts while this thread loads the command and reads the arguments. If they are wrong, it ends with the process.
  const thread = prepareThread({ job, codeCache: cache });
  const script = loadScript(fileURLToPath(new URL('./command.cjs', import.meta.url)), cache, job);
  const { main, leave } = script.exports as typeof Command;
  const code = await main(args, undefined, thread);
  if (code === 0) script.keep();
  return leave(code, true);
}

/** The commands that are to begin at once; all others come as modules, which a few of them need. */
function jobOf([name]: readonly string[]): Preparation['job'] | null {
  return name === 'dump' || name === 'restore' ? name : null;
}
