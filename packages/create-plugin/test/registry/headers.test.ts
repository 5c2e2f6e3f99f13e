import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { compiler, root } from '../../../core/test/harness/machine.ts';
import { blocksOf } from '../../../legacy-compat/test/blocks.ts';
import { test } from './user.ts';

// What the guide says of the headers for plugins in C, typed where nothing is but what npm has installed.

const blocks = blocksOf(readFileSync(join(root, 'docs/guides/from-old-structure.md'), 'utf8'));
const compile = blocks.get('compile.sh') ?? '';
const noCompiler = compiler === null ? ' (no C compiler)' : '';

describe.skipIf(compiler === null)(`the headers${noCompiler}`, () => {
  test.for([
    ['in a folder of its own', ['npm', 'install', 'criujs'], ['npx', 'criujs'], compile],
    [
      'globally',
      ['npm', 'install', '--global', 'criujs'],
      ['criujs'],
      compile.replace('$(npm root)', '$(npm root -g)'),
    ],
  ] as const)('are found where the guide says, installed %s', async ([, install, criujs, command], { newUser }) => {
    const user = await newUser();
    const folder = user.path('empty');
    mkdirSync(folder);
    await user.run(folder, install);
    writeFileSync(join(folder, 'keeper.c'), blocks.get('keeper.c') ?? '');
    await user.run(folder, ['sh', '-c', command]);
    for (const file of ['keeper.c', './keeper.so']) {
      const { plugin } = JSON.parse(await user.run(folder, [...criujs, 'plugin', 'inspect', file, '--json']));
      expect(plugin).toMatchObject({
        name: 'keeper',
        hooks: [{ hook: 'DUMP_EXT_FILE' }, { hook: 'RESTORE_EXT_FILE' }],
      });
    }
  });
});
