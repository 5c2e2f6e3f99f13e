import { definePlugin, hook } from '@criujs/plugin-sdk';
import { record } from '../../../../packages/core/test/plugins/record.ts';

/** Kills the process that runs it once all stand still. */
export default definePlugin({
  name: 'kills',
  init: () => record({ call: 'init' }),
  exit: () => record({ call: 'exit' }),
  hooks: [
    hook('PAUSE_DEVICES', () => record({ call: 'PAUSE_DEVICES' })),
    hook('CHECKPOINT_DEVICES', () => {
      record({ call: 'CHECKPOINT_DEVICES' });
      process.kill(process.pid, 'SIGKILL');
    }),
  ],
});
