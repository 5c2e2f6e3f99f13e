import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('the kit as it is shipped loads no native code', () => {
  const script = `
    const { dump, pretendTree, restore, conformance } = await import('@criujs/plugin-testing');
    const { definePlugin, hook } = await import('@criujs/plugin-sdk');
    const plugin = definePlugin({ name: 'a', hooks: [hook('PAUSE_DEVICES', () => {})] });
    await conformance(plugin);
    const tree = await pretendTree({ sockets: [{}] });
    await dump(tree, [plugin]);
    await tree.close();
    const { sharedObjects } = process.report.getReport();
    console.log(JSON.stringify(sharedObjects.filter((it) => it.endsWith('.node'))));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual([]);
});
