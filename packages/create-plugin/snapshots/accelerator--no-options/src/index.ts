import { createRequire } from 'node:module';
import { definePlugin, hook } from '@criujs/plugin-sdk';
import * as accelerator from './accelerator.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export default definePlugin({
  name: 'radio',
  version,
  exit: accelerator.exit,
  hooks: [
    hook('RESUME_DEVICES_LATE', accelerator.resume),
    hook('PAUSE_DEVICES', accelerator.pause),
    hook('CHECKPOINT_DEVICES', accelerator.checkpoint),
  ],
});
