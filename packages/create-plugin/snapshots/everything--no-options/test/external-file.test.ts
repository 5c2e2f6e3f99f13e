import { fstatSync, openSync, statSync } from 'node:fs';
import { dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import { findDevice } from '../example/device.ts';
import plugin from '../src/index.ts';

const device = findDevice();
const none = 'this machine has none that this user may open';

test.skipIf(device === null)(`a real device is opened again: ${device?.path ?? none}`, async () => {
  const { path, flags } = device ?? { path: '', flags: 0 };
  await using tree = await pretendTree({ files: [{ path, flags, open: () => openSync(path, flags) }] });

  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveClaimed('DUMP_EXT_FILE', { plugin: plugin.name, resource: path });

  const restored = await restore(dumped, {
    plugins: [plugin],
    inspect: ({ fd }) => expect(fstatSync(fd).rdev).toBe(statSync(path).rdev),
  });
  expect(restored.error).toBeUndefined();
  expect(restored.descriptors).toMatchObject([{ hook: 'RESTORE_EXT_FILE', flags }]);
});

test('a file of somebody else is left to others', async () => {
  await using tree = await pretendTree({ files: [{ content: 'private' }] });
  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveDeclined('DUMP_EXT_FILE', plugin.name);
  expect(dumped).toHaveFailedWith('UNSUPPORTED');
});

test('images cannot make it open what is none of its files', async () => {
  await using tree = await pretendTree({ files: [{ path: '/dev/fuse', content: '' }] });
  const { image } = await dump(tree, [plugin]);
  if (image === undefined) throw new Error('it was not dumped');
  const forged = { [plugin.name]: { 'file-1': Buffer.from('{"path":"/etc/passwd"}') } };
  const restored = await restore({ ...image, sections: forged }, [plugin]);
  expect(restored).toHaveFailedWith('HOOK_FAILED', '/etc/passwd is none of this plugin');
});
