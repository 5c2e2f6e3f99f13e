import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { run } from '../../../packages/core/test/harness/command.ts';
import { isRoot } from '../../../packages/core/test/harness/machine.ts';

const main = fileURLToPath(new URL('../main.js', import.meta.url));
const leftovers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('criujs-demo-'));

// Whoever runs the tests runs the demo with `npm run demo`; here it is run by somebody without any right.
const asNobody = isRoot;
const readable = !asNobody || (await run([process.execPath, '--check', main], { asNobody })).code === 0;

test.skipIf(!readable)(
  `the demo passes for an ordinary user${readable ? '' : ' (who cannot read this folder)'}`,
  async () => {
    const before = leftovers();
    const { code, stdout, stderr } = await run([process.execPath, main], { asNobody, env: { HOME: '/nonexistent' } });
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('none skipped, none twice');
    expect(stdout).not.toContain('✗');
    expect(leftovers()).toEqual(before);
  },
);
