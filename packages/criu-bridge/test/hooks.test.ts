import { openSync, readdirSync } from 'node:fs';
import { definePlugin, hook, notSupported } from '@criujs/plugin-sdk';
import { describe, expect } from 'vitest';
import { criuMissing } from '../../core/test/harness/machine.ts';
import { descriptors, test } from './harness/rig.ts';

const missing = criuMissing();

/** The plugin that the README shows. */
const fuse = definePlugin({
  name: 'fuse-keeper',
  version: '1.0.0',
  hooks: [
    hook('DUMP_EXT_FILE', ({ file }) => (file.path === '/dev/fuse' ? undefined : notSupported)),
    hook('RESTORE_EXT_FILE', ({ file }) => openSync('/dev/fuse', file.flags & 3)),
  ],
});

describe.skipIf(missing)(missing ?? 'hooks under the real CRIU', () => {
  test('external files are the ones they were, with flags; nothing leaks on either side', async ({ rig }) => {
    const holder = await rig.start(['files', '/dev/fuse', '5']);
    const before = descriptors().length;
    const dumped = await rig.dump(holder.pid, { plugins: [fuse] });
    expect(dumped).toMatchObject({ code: 0, failures: [], exitErrors: [], claimed: ['fuse-keeper'] });
    expect(dumped.records.externals).toHaveLength(5);
    expect(dumped.records.externals[1]?.file).toMatchObject({
      path: '/dev/fuse',
      kind: 'character',
      rdev: { major: 10, minor: 229 },
      flags: 0o104002,
      position: 0,
      owner: null,
      provider: { name: 'fuse-keeper', version: '1.0.0' },
    });
    const restored = await rig.restore({ plugins: [fuse] });
    expect(restored, restored.log.slice(-1500)).toMatchObject({
      code: 0,
      failures: [],
      exitErrors: [],
      claimed: ['fuse-keeper'],
    });
    rig.track(holder.pid);
    expect(await holder.tell()).toBe(holder.before);
    expect(descriptors()).toHaveLength(before);
    expect(readdirSync(rig.images).filter((name) => name.startsWith('.criujs'))).toEqual([]);
  });
});
