import { constants, fstatSync, readSync, statSync } from 'node:fs';
import { dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import plugin from '../src/index.ts';

test('a real file is opened again, with its flags', async () => {
  const flags = constants.O_RDWR | constants.O_APPEND;
  await using tree = await pretendTree({ files: [{ content: 'the words of a real file', flags, position: 4 }] });
  const path = tree.files[0]?.standIn ?? '';
  const options = { [plugin.name]: { devices: [path] } };

  const dumped = await dump(tree, { plugins: [plugin], options });
  expect(dumped).toHaveClaimed('DUMP_EXT_FILE', { plugin: plugin.name });

  const restored = await restore(dumped, {
    plugins: [plugin],
    options,
    inspect: ({ fd, position }) => {
      expect(fstatSync(fd).ino).toBe(statSync(path).ino);
      // An engine sets the position; the test kit only tells it.
      const words = Buffer.alloc(5);
      readSync(fd, words, 0, words.length, Number(position));
      expect(words.toString()).toBe('words');
    },
  });
  expect(restored.error).toBeUndefined();
  expect(restored.descriptors).toMatchObject([{ hook: 'RESTORE_EXT_FILE', flags, position: 4 }]);
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
