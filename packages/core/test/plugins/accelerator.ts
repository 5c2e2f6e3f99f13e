import { definePlugin, hook } from '@criujs/plugin-sdk';
import { record } from './record.ts';

/** Observers alone, as a plugin of an accelerator has them: it takes no resource, and writes its state at the dump. */
export default definePlugin({
  name: 'test-accelerator',
  version: '2.0.0',
  inventoryName: 'accelerator_plugin',
  init(stage) {
    record({ call: 'init', stage });
  },
  hooks: [
    hook('PAUSE_DEVICES', ({ pid }) => record({ call: 'pause', pid })),
    hook('CHECKPOINT_DEVICES', ({ pid }, { image }) => image.writeJson(`state-${pid}`, { memory: 'precious' })),
    hook('RESUME_DEVICES_LATE', async (_, { image }) => {
      const [state = 'none'] = await image.names();
      record({ call: 'resume', state: await image.readJson(state) });
    }),
  ],
});
