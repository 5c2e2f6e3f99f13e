import type { Kind } from './kind.ts';

export const accelerator: Kind = {
  id: 'accelerator',
  title: 'an accelerator',
  what: 'pauses it, saves what it has in hand, and lets it work on after the restore',
  module: 'accelerator',
  hooks: [
    { hook: 'RESUME_DEVICES_LATE', handler: 'resume' },
    { hook: 'PAUSE_DEVICES', handler: 'pause' },
    { hook: 'CHECKPOINT_DEVICES', handler: 'checkpoint' },
  ],
  resources: {},
  init: false,
  exit: true,
  embedded: true,
  files: ['src/ask-device.ts', 'example/pretend-device.mjs', 'example/pretend-device.ts'],
  option: {
    name: 'accelerator',
    meaning: 'the folder of its control socket and sessions',
    byDefault: '`/run/pretend-device`',
    example: "'/run/radio'",
    argument: '=/run/radio',
  },
};
