import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { nodeOf } from './harness/nodes.ts';
import { test } from './harness/place.ts';
import type { Program } from './harness/programs.ts';

// Each release of Node has a libuv of its own, and waits in its own way: from 22 on with io_uring.

const versions = ['20', '22', '24'] as const;
const scripts = ['counter.mjs', 'family.mjs'] as const;
const legs = 3;

function program(version: string, script: string): Program {
  const node = nodeOf(version);
  return {
    name: `${script} under Node ${version}`,
    missing: node === null ? `Node ${version} cannot be fetched` : null,
    command: () => [node ?? '', fileURLToPath(new URL(`programs/${script}`, import.meta.url))],
  };
}

const programs = versions.flatMap((version) => scripts.map((script) => program(version, script)));

for (const it of programs) {
  const because = it.missing === null ? '' : ` (${it.missing})`;
  describe(`${it.name}${because}`, () => {
    test.skipIf(it.missing !== null || !isRoot)(`dumped and restored ${legs} times (root)`, async ({ place }) => {
      const target = await place.start(it);
      for (let leg = 0; leg < legs; leg++) await travel(place, target, { by: criujs, compared: false });
      await target.finish();
    });

    test.skipIf(it.missing !== null)('dumped twice and left running', async ({ place }) => {
      const target = await place.start(it);
      for (let leg = 0; leg < 2; leg++) {
        await criujs.dump(target.pid, target.images(), { leaveRunning: true });
        expect(target.held(), 'nobody is stopped or traced').toEqual([]);
        await target.advance();
      }
      await target.finish();
    });
  });
}
