import { openSync } from 'node:fs';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { record } from './record.ts';

/** Opens devices again by their path; position and flags are the host's work. */
export default definePlugin({
  name: 'test-device',
  version: '1.2.3',
  init(stage) {
    record({ call: 'init', stage });
  },
  exit(stage, outcome) {
    record({ call: 'exit', stage, ok: outcome.ok });
  },
  hooks: [
    hook('DUMP_EXT_FILE', async ({ fd, id, file }, context) => {
      if (file.kind !== 'character' && file.kind !== 'block') return notSupported;
      record({ call: 'dump', id, usable: fd > 2, ...file });
      return context.image.writeJson(`file-${id}`, { path: file.path });
    }),
    hook('RESTORE_EXT_FILE', async ({ id, file }, context) => {
      const { path } = await context.image.readJson<{ path: string }>(`file-${id}`);
      record({ call: 'restore', id, ...file });
      return openSync(path, file.flags & 3);
    }),
  ],
});
