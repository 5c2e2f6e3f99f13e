import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect } from 'vitest';
import { type KindId, kindIds } from '../../src/answers.ts';
import { checkProject, usePacked } from './project.ts';
import { test } from './user.ts';

interface Choice {
  readonly name: string;
  readonly handles: readonly KindId[];
  readonly flags: readonly string[];
}

const choices: readonly Choice[] = [
  { name: 'everything', handles: kindIds, flags: ['--options'] },
  ...kindIds.map((kind): Choice => ({ name: kind, handles: [kind], flags: ['--no-options'] })),
];

// The first comes with nothing; the others find in npm's cache what the first has fetched, which halves the time.
const cache = mkdtempSync(join(tmpdir(), 'criujs-npm-cache-'));

afterAll(() => rmSync(cache, { recursive: true }));

describe('npm create criu-plugin@latest', () => {
  test.for(choices)(
    '$name: the project passes its checks, and its plugin works where it is installed',
    async ({ name: kind, handles, flags }, { newUser, place }) => {
      const user = await newUser({ cache });
      const name = `criujs-plugin-${kind}`;
      const chosen = ['--yes', '--handles', handles.join(','), ...flags];
      const said = await user.run(user.home, ['npm', 'create', 'criu-plugin@latest', name, '--', ...chosen]);
      expect(said).toContain(name);
      const file = await checkProject(user, user.path(name));
      await usePacked(user, place, { file, name, handles });
    },
  );
});
