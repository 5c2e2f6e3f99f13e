import { statSync } from 'node:fs';
import { HostError } from './errors.ts';
import { othersMayWrite } from './others-write.ts';

/**
 * Checks that nobody but its owner may write a file of code.
 * @param file links followed
 * @param plugin as the user calls it
 * @throws HostError PLUGIN_UNTRUSTED
 */
export function refuseWritable(file: string, plugin: string): void {
  if (!othersMayWrite(statSync(file))) return;
  throw new HostError('PLUGIN_UNTRUSTED', `plugin ${plugin} is not loaded: others than its owner may write ${file}`, {
    plugin,
    hook: 'load',
    remedy: `Look at what is in it, and run: chmod go-w ${file}`,
  });
}
