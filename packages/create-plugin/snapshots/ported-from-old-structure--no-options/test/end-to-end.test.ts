import { dump, restore } from '@criujs/core';
import { expect, test } from 'vitest';
import { lookAtMachine } from '../example/machine.ts';
import { setStage } from '../example/stage.ts';
import plugin from '../src/index.ts';

// A real program is dumped, ends, and is restored with the plugin by the embedded engine. It proves itself: it looks all the
// time whether what it holds is as it was.

const { missing, samePids } = await lookAtMachine();

const name = missing === null ? 'a real program' : `a real program (${missing})`;

test.skipIf(missing !== null)(`${name} is dumped and restored with the plugin, twice`, async () => {
  const stage = await setStage();
  try {
    const { program } = stage;
    for (const images of [`${stage.images}-1`, `${stage.images}-2`]) {
      const run = { images, plugins: [plugin] };
      const { plugins } = await dump({ ...run, pid: program.pid });
      expect(plugins).toEqual([]);
      const atDump = program.count();

      const { pid } = await restore({ ...run, newPids: !samePids });
      program.pid = pid;
      await program.advance();
      expect(program.count()).toBeGreaterThan(atDump);
    }
  } finally {
    await stage.close();
  }
});
