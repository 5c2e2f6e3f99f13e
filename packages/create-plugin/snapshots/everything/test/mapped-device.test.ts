import { fstatSync, readSync, statSync } from 'node:fs';
import { callsOf, dump, pretendTree, restore } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import { deviceAt } from '../src/device-number.ts';
import plugin from '../src/index.ts';

const path = '/dev/zero';
const rdev = deviceAt(path);

test.skipIf(rdev === null)(`the map of a real device is made again: ${path}`, async () => {
  const offset = 8192n;
  await using tree = await pretendTree({ maps: [{ path, offset, ...(rdev && { rdev }) }] });
  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveClaimed('HANDLE_DEVICE_VMA', { plugin: plugin.name });

  const restored = await restore(dumped, {
    plugins: [plugin],
    inspect: ({ fd }) => {
      expect(fstatSync(fd).rdev).toBe(statSync(path).rdev);
      expect(readSync(fd, Buffer.alloc(16))).toBe(16);
    },
  });
  expect(restored.error).toBeUndefined();
  expect(restored.descriptors).toMatchObject([{ hook: 'UPDATE_VMA_MAP', plugin: plugin.name }]);
  expect(callsOf(restored, 'UPDATE_VMA_MAP')[0]?.answer).toMatchObject({ result: { offset } });
});

test('a map of another device is left to others', async () => {
  await using tree = await pretendTree({ maps: [{ path: '/dev/other', rdev: { major: 240, minor: 7 } }] });
  expect(await dump(tree, [plugin])).toHaveDeclined('HANDLE_DEVICE_VMA', plugin.name);
});
