import { askedPlugin } from '@criujs/plugin-host';
import { EngineError } from '../errors/errors.ts';

/**
 * Refuses a run that a plugin starts while another one waits for its answer: runs of a process take turns, so that neither would
 * ever go on.
 * @param what the function that was called
 * @throws EngineError PLUGIN_FAILED
 */
export function refuseNested(what: string): void {
  const caller = askedPlugin();
  if (caller === null) return;
  const { plugin, hook, resource } = caller;
  throw new EngineError(
    'PLUGIN_FAILED',
    `plugin ${plugin}: ${hook} called ${what} while the run waits for its answer`,
    {
      plugin,
      hook,
      resource,
      remedy: 'Start other runs before or after this one, or in a process of their own.',
    },
  );
}
