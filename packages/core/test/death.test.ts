import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { criujsFails } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { threads, tree } from './harness/programs.ts';

const plugin = fileURLToPath(new URL('plugins/deadly.ts', import.meta.url));

/** Hooks in the order of a dump: it runs, it has been frozen, its images are written. */
const moments = ['PAUSE_DEVICES', 'CHECKPOINT_DEVICES', 'DUMP_DEVICES_LATE'] as const;

describe.skipIf(threads.missing !== null)(
  `a target that is ended while it is dumped (${threads.missing ?? 'in C'})`,
  () => {
    for (const moment of moments) {
      for (const more of [[], ['--leave-running']]) {
        test(`in ${moment}${more.map((flag) => ` with ${flag}`)}`, async ({ place }) => {
          const target = await place.start(threads);
          const images = target.images();
          const failure = await criujsFails(
            ['dump', '-t', String(target.pid), '-D', images, '--plugin', plugin, ...more],
            { env: { CRIUJS_TEST_DEADLY: `${moment}:${target.pid}` } },
          );
          expect(failure).toMatchObject({ code: 'TARGET_DIED', exitCode: 7, pid: target.pid });
          expect(failure.message).toContain(`process ${target.pid} (threads) ended while it was being dumped`);
          expect(failure.remedy).toBeTruthy();
          expect(existsSync(join(images, 'inventory.img'))).toBe(false);
        });
      }
    }

    test.skipIf(tree.missing)('names the process of a tree, and the others run on', async ({ place }) => {
      const target = await place.start(tree);
      const [, child = 0] = target.pids();
      const failure = await criujsFails(['dump', '-t', String(target.pid), '-D', target.images(), '--plugin', plugin], {
        env: { CRIUJS_TEST_DEADLY: `DUMP_DEVICES_LATE:${child}` },
      });
      expect(failure).toMatchObject({ code: 'TARGET_DIED', exitCode: 7, pid: child });
      expect(failure.message).toMatch(/SIGKILL ended it|it is gone/);
      expect(target.pids()).toContain(target.pid);
      expect(target.held()).toEqual([]);
    });
  },
);
