import { defineConfig } from 'vitest/config';
import { skippedReporter } from './scripts/skipped-reporter.ts';

/**
 * Milliseconds that waits of tests may take: for a machine that is many times slower than this one usually is. A test that fails
 * by one of these limits hangs.
 */
const patience = { test: 300_000, hook: 300_000, poll: 60_000 } as const;

const registryTests = 'packages/create-plugin/test/registry/**/*.test.ts';

/**
 * Three projects. `unit` runs on the sources, in parallel. `system` runs on what is shipped (build first) and traces real
 * processes: one file at a time, and only after every unit test is done (a group of its own). `registry` comes last: it publishes
 * all packages to a registry on loopback and uses them as somebody would who has nothing else.
 */
export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.cache/test-report.json' }], skippedReporter],
    projects: [
      {
        resolve: { conditions: ['@criujs/source'] },
        ssr: { resolve: { conditions: ['@criujs/source'] } },
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'tests/house/**/*.test.ts'],
          maxWorkers: '100%',
          testTimeout: patience.test,
          hookTimeout: patience.hook,
          expect: { poll: { timeout: patience.poll } },
        },
      },
      {
        test: {
          name: 'system',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tests/system/**/*.test.ts'],
          exclude: [registryTests],
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: patience.test,
          hookTimeout: patience.hook,
          expect: { poll: { timeout: patience.poll } },
        },
      },
      {
        test: {
          name: 'registry',
          include: [registryTests],
          globalSetup: ['packages/create-plugin/test/registry/setup.ts'],
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 2 * patience.test,
          hookTimeout: patience.hook,
        },
      },
    ],
  },
});
