import { definePlugin, hook, type Plugin } from '@criujs/plugin-sdk';
import { afterEach, expect, test } from 'vitest';
import { dump, type PretendTree, pretendTree, restore } from './index.ts';

const trees: PretendTree[] = [];
afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.close();
});

/** Observers alone: it takes nothing, and keeps the state of its device. */
function accelerator(required?: boolean): Plugin {
  return definePlugin({
    name: 'gpu',
    version: '1.4.0',
    ...(required === undefined ? {} : { required }),
    hooks: [hook('CHECKPOINT_DEVICES', ({ pid }, { image }) => image.writeJson(`state-${pid}`, {}))],
  });
}

test.each(['criu', 'embedded'] as const)('a plugin that only wrote something is needed (%s)', async (order) => {
  const tree = await pretendTree({ processes: [{ pid: 100 }] });
  trees.push(tree);
  const dumped = await dump(tree, { plugins: [accelerator()], order });
  expect(dumped.image?.required).toEqual([{ name: 'gpu', version: '1.4.0' }]);
  const asked: string[] = [];
  const other = definePlugin({ name: 'other', init: () => void asked.push('init'), hooks: [] });
  expect(await restore(dumped, { plugins: [other], order })).toMatchObject({
    ok: false,
    error: { code: 'PLUGIN_MISSING', plugin: 'gpu', message: 'the image needs gpu 1.4.0, and it is not loaded' },
  });
  expect(asked).toEqual([]);
  expect(await restore(dumped, { plugins: [accelerator()], order })).toMatchObject({ ok: true });
});

test('notes may be left behind', async () => {
  const tree = await pretendTree({ processes: [{ pid: 100 }] });
  trees.push(tree);
  const dumped = await dump(tree, [accelerator(false)]);
  expect(dumped.image?.required).toEqual([]);
  expect(await restore(dumped, [])).toMatchObject({ ok: true });
});
