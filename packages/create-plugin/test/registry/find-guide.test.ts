import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { isRoot, root } from '../../../core/test/harness/machine.ts';
import { publishPlugin } from './plugin-package.ts';
import { test } from './user.ts';

// What the guide shows is what a reader copies. Its package is one that is there.

const name = 'criu-plugin-of-tests-guide';
const guide = readFileSync(join(root, 'docs/guides/finding-plugins.md'), 'utf8').replaceAll('criu-plugin-gpu', name);
const blocks = new Map(
  [...guide.matchAll(/^```\w+ name=(\S+)\n(.*?)^```$/gms)].map(([, block, code]) => [block, code]),
);

test('the commands of the guide on finding plugins', async ({ newUser, place }) => {
  await publishPlugin(inject('registry'), place, name, '1.0.0');
  const user = await newUser({ asNobody: isRoot });
  const project = user.path('project');
  await user.run(user.home, ['mkdir', project]);
  await user.run(project, ['npm', 'init', '--yes']);
  await user.run(project, ['npm', 'install', 'criujs', '@criujs/core']);
  const typed = new Set<string>();
  const type = (block: string, before = ''): Promise<string> => {
    const code = blocks.get(block);
    if (code === undefined) throw new Error(`the guide has no block ${block}`);
    typed.add(block);
    return user.run(project, ['sh', '-e', '-c', `PATH=node_modules/.bin:$PATH\n${before}\n${code}`]);
  };
  // Others that are there, too, make the column as wide as their names.
  expect(await type('search.sh')).toMatch(new RegExp(`^${name} +1\\.0\\.0`, 'm'));
  expect(await type('check.sh')).toContain('✓ load');
  expect(await type('badge.sh')).toMatch(/^\[!\[criujs plugin check: 1\.0\.0, /);
  expect(await type('add.sh')).toContain(`--plugin ${name}`);
  const sleeping = "sleep 1000 </dev/null >/dev/null 2>&1 & PID=$!; trap 'kill $PID 2>/dev/null || true' EXIT";
  expect(await type('use.sh', sleeping)).toContain('it has ended');
  expect(existsSync(join(project, 'images/criujs.json'))).toBe(true);
  const config = `cat > criu.config.ts <<'END'\n${blocks.get('criu.config.ts')}\nEND\n${sleeping}`;
  typed.add('criu.config.ts');
  const planned = await user.try(project, ['sh', '-e', '-c', `${config}\nnpx criujs plan -t $PID -v`]);
  expect(planned).toMatchObject({ code: 0, stderr: expect.stringContaining(`installed plugins ${name}`) });
  expect(await type('outdated.sh')).toContain('No newer version of 1 plugin.');
  expect([...typed].toSorted()).toEqual([...blocks.keys()].toSorted());
});
