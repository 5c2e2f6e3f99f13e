import { isClaimable } from '@criujs/plugin-sdk';
import type { PortedPlugin } from '../answers.ts';
import { inComment } from './in-comment.ts';

/** `test/conformance.test.ts` */
export function conformanceTest(ported: PortedPlugin): string {
  const claims = claimingHooks(ported).length > 0;
  const [comment, more] = claims
    ? [
        `// The checks dump and restore the plugin, make every call fail in turn, and look what is left behind. There is no round trip
// as long as its hooks decline everything: give the checks a \`tree\` with what it is for, and leave \`skip\` out.`,
        ", { skip: ['round-trip'] }",
      ]
    : ['// The checks run the plugin, make every call fail in turn, and look what is left behind.', ''];
  return `import { describeConformance } from '@criujs/plugin-testing/vitest';
import plugin from '../src/index.ts';

${comment}
describeConformance(plugin${more});
`;
}

/** `test/hooks.test.ts` */
export function hooksTest(ported: PortedPlugin): string {
  const claiming = claimingHooks(ported);
  const hooks = ported.hooks.map(({ hook }) => `'${hook}'`);
  const short = `  expect(plugin.hooks.map((it) => it.hook)).toEqual([${hooks.join(', ')}]);\n`;
  const list =
    short.length <= 121
      ? short
      : `  expect(plugin.hooks.map((it) => it.hook)).toEqual([\n${hooks.map((it) => `    ${it},\n`).join('')}  ]);\n`;
  const kit = "import { dump, pretendTree } from '@criujs/plugin-testing';\nimport '@criujs/plugin-testing/vitest';\n";
  return `${claiming.length === 0 ? '' : kit}import { expect, test } from 'vitest';
import plugin from '../src/index.ts';

test('it has the hooks of the plugin that it was made from', () => {
${list}});
${claiming.length === 0 ? '' : declineTest(ported)}`;
}

function declineTest(ported: PortedPlugin): string {
  const claiming = claimingHooks(ported);
  const resources = claiming.map(({ resource }) => `    ${resource},\n`).join('');
  const checks = claiming.map(({ hook }) => `  expect(dumped).toHaveDeclined('${hook}');\n`).join('');
  return `
// It is to do one day what ${inComment(ported.source)} does. Then a round trip stands here: dump, restore, and a look at what came back.
test('its hooks decline what nobody has written yet', async () => {
  await using tree = await pretendTree({
${resources}  });
  const dumped = await dump(tree, [plugin]);
${checks}});
`;
}

/** What the test kit has for each hook that may claim something. */
const resources = {
  DUMP_UNIX_SK: 'sockets: [{}]',
  DUMP_EXT_FILE: "files: [{ kind: 'character' }]",
  DUMP_EXT_MOUNT: "mounts: [{ mountpoint: '/mnt/data' }]",
  DUMP_EXT_LINK: "links: [{ kind: 'dummy' }]",
  HANDLE_DEVICE_VMA: 'maps: [{}]',
} as const;

function claimingHooks({ hooks }: PortedPlugin): readonly { readonly hook: string; readonly resource: string }[] {
  return hooks.flatMap(({ hook }) => (isClaimable(hook) ? [{ hook, resource: resources[hook] }] : []));
}
