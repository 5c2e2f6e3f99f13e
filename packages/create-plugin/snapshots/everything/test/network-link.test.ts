import { dump, pretendTree } from '@criujs/plugin-testing';
import '@criujs/plugin-testing/vitest';
import { expect, test } from 'vitest';
import plugin from '../src/index.ts';
import { openNamespace, whyNoNamespace } from './namespace.ts';

/** ARPHRD_ETHER (linux/if_arp.h). */
const ethernet = 1;
/** Kinds of the plugin's; a kernel may lack the one or the other. */
const kinds = ['dummy', 'ifb'];
const missing = whyNoNamespace('net', 'ip');
const link = missing === null ? 'a real link' : `a real link (${missing})`;

test.skipIf(missing !== null)(`${link} is claimed, and what it was is kept`, async ({ skip }) => {
  const namespace = await openNamespace('net');
  try {
    const add = kinds.map((kind) => `ip link add link0 type ${kind} 2>/dev/null`).join(' || ');
    await namespace.run(add).catch(() => skip(`this kernel has no link of kind ${kinds.join(' or ')}`));
    const [row] = JSON.parse(await namespace.run('ip -json -details link show link0'));
    const { ifindex: index } = row;
    const { info_kind: kind } = row.linkinfo;

    await using tree = await pretendTree({ links: [{ index, type: ethernet, kind }] });
    const dumped = await dump(tree, [plugin]);
    expect(dumped).toHaveClaimed('DUMP_EXT_LINK', { plugin: plugin.name, resource: kind });
    const part = dumped.sections[plugin.name]?.[`link-${index}`];
    expect(JSON.parse(Buffer.from(part ?? []).toString())).toEqual({ index, type: ethernet, kind });
  } finally {
    await namespace.close();
  }
});

test('a link of another kind is left to others', async () => {
  await using tree = await pretendTree({ links: [{ kind: 'veth' }] });
  expect(await dump(tree, [plugin])).toHaveDeclined('DUMP_EXT_LINK', plugin.name);
});
