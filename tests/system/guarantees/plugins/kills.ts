import { definePlugin, hook } from '@criujs/plugin-sdk';
import { record } from '../../../../packages/core/test/plugins/record.ts';

/** Kills the process that runs it: once all stand still, or just before they run. */
function kill(call: string): void {
  record({ call });
  process.kill(process.pid, 'SIGKILL');
}

export default definePlugin({
  name: 'kills',
  init: () => record({ call: 'init' }),
  exit: () => record({ call: 'exit' }),
  hooks: [
    hook('PAUSE_DEVICES', () => record({ call: 'PAUSE_DEVICES' })),
    hook('CHECKPOINT_DEVICES', () => kill('CHECKPOINT_DEVICES')),
    hook('RESUME_DEVICES_LATE', () => kill('RESUME_DEVICES_LATE')),
  ],
});
