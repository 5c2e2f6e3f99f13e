import { callsOf, dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import plugin from '../src/index.ts';
import { openNamespace, whyNoNamespace } from './namespace.ts';

const missing = whyNoNamespace('mount', 'mount');
const mount = missing === null ? 'a real mount' : `a real mount (${missing})`;

test.skipIf(missing !== null)(`${mount} is made again from what the plugin says`, async () => {
  const namespace = await openNamespace('mount');
  try {
    await namespace.run('mount -t tmpfs none /srv && mount -t tmpfs none /mnt && mkdir /srv/data /mnt/data');
    await namespace.run('echo kept >/srv/data/file && mount --bind /srv/data /mnt/data');
    // Columns of proc_pid_mountinfo(5): the first is the id, the fifth the mountpoint.
    const row = await namespace.run('grep " /mnt/data " /proc/self/mountinfo');
    const [id, , , , mountpoint = ''] = row.split(' ');

    await using tree = await pretendTree({ mounts: [{ id: Number(id), mountpoint }] });
    const dumped = await dump(tree, [plugin]);
    expect(dumped).toHaveClaimed('DUMP_EXT_MOUNT', { plugin: plugin.name, resource: '/mnt/data' });
    const restored = await restore(dumped, [plugin]);
    expect(restored.error).toBeUndefined();

    // What an engine does with the answer.
    const [call] = callsOf(restored, 'RESTORE_EXT_MOUNT');
    expect(call?.answer).toMatchObject({ claimed: true, result: { source: '/srv/data' } });
    await namespace.run('umount /mnt/data && mount --bind /srv/data /mnt/data');
    expect(await namespace.run('cat /mnt/data/file')).toBe('kept');
  } finally {
    await namespace.close();
  }
});

test('a mount of somebody else is left to others', async () => {
  await using tree = await pretendTree({ mounts: [{ mountpoint: '/somewhere-else' }] });
  expect(await dump(tree, [plugin])).toHaveDeclined('DUMP_EXT_MOUNT', plugin.name);
});
