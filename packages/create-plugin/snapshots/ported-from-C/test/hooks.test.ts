import { dump, pretendTree } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import plugin from '../src/index.ts';

test('it has the hooks of the plugin that it was made from', () => {
  expect(plugin.hooks.map((it) => it.hook)).toEqual([
    'DUMP_UNIX_SK',
    'RESTORE_UNIX_SK',
    'DUMP_EXT_FILE',
    'RESTORE_EXT_FILE',
    'DUMP_EXT_MOUNT',
    'RESTORE_EXT_MOUNT',
    'DUMP_EXT_LINK',
    'HANDLE_DEVICE_VMA',
    'UPDATE_VMA_MAP',
    'RESUME_DEVICES_LATE',
    'PAUSE_DEVICES',
    'CHECKPOINT_DEVICES',
    'POST_FORKING',
    'RESTORE_INIT',
    'DUMP_DEVICES_LATE',
  ]);
});

// It is to do one day what radio.c does. Then a round trip stands here: dump, restore, and a look at what came back.
test('its hooks decline what nobody has written yet', async () => {
  await using tree = await pretendTree({
    sockets: [{}],
    files: [{ kind: 'character' }],
    mounts: [{ mountpoint: '/mnt/data' }],
    links: [{ kind: 'dummy' }],
    maps: [{}],
  });
  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveDeclined('DUMP_UNIX_SK');
  expect(dumped).toHaveDeclined('DUMP_EXT_FILE');
  expect(dumped).toHaveDeclined('DUMP_EXT_MOUNT');
  expect(dumped).toHaveDeclined('DUMP_EXT_LINK');
  expect(dumped).toHaveDeclined('HANDLE_DEVICE_VMA');
});
