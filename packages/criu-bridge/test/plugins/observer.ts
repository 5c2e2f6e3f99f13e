import { definePlugin, hook } from '@criujs/plugin-sdk';
import { record } from '../../../core/test/plugins/record.ts';

/** Notes whom it is told of, as a plugin of a GPU would pause and resume it. */
export default definePlugin({
  name: 'test-observer',
  hooks: [
    hook('PAUSE_DEVICES', ({ pid }) => record({ call: 'pause', pid })),
    hook('CHECKPOINT_DEVICES', ({ pid }) => record({ call: 'checkpoint', pid })),
    hook('RESUME_DEVICES_LATE', ({ pid }) => record({ call: 'resume', pid })),
  ],
});
