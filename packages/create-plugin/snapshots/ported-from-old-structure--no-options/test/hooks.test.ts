import { dump, pretendTree } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import plugin from '../src/index.ts';

test('it has the hooks of the plugin that it was made from', () => {
  expect(plugin.hooks.map((it) => it.hook)).toEqual(['DUMP_EXT_FILE', 'PAUSE_DEVICES']);
});

// It is to do one day what radio.cjs does. Then a round trip stands here: dump, restore, and a look at what came back.
test('its hooks decline what nobody has written yet', async () => {
  await using tree = await pretendTree({
    files: [{ kind: 'character' }],
  });
  const dumped = await dump(tree, [plugin]);
  expect(dumped).toHaveDeclined('DUMP_EXT_FILE');
});
