import { defineConfig } from 'vitest/config';
import { skippedReporter } from './scripts/skipped-reporter.ts';

/**
 * Milliseconds that waits of tests may take: for a machine that is many times slower than this one usually is. A test that fails
 * by one of these limits hangs.
 */
const patience = { test: 300_000, hook: 300_000, poll: 60_000 } as const;

/**
 * System tests that run side by side: each has programs of its own dumped by a `criujs` of its own, in its own directory, and looks at no
 * time. All others have the machine to themselves: they kill or time an engine, run one inside of the tests, watch processes that
 * pass, drive CRIU, or change what all share.
 */
const sideBySide = [
  'alone',
  'asked',
  'attributes',
  'deleted',
  'memory',
  'programs',
  'refused-restores',
  'required-plugins',
].map((name) => `packages/core/test/${name}.test.ts`);

const registryTests = 'packages/create-plugin/test/registry/**/*.test.ts';

/**
 * Four projects. `unit` runs on the sources, in parallel. `together` and `system` run on what is shipped (build first) and trace real
 * processes, after every unit test: the first two files at a time, the second one. `registry` comes last: it publishes
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
          name: 'together',
          include: sideBySide,
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: patience.test,
          hookTimeout: patience.hook,
          expect: { poll: { timeout: patience.poll } },
        },
      },
      {
        test: {
          name: 'system',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'tests/system/**/*.test.ts'],
          exclude: [registryTests, ...sideBySide],
          pool: 'forks',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
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
          sequence: { groupOrder: 3 },
          testTimeout: 2 * patience.test,
          hookTimeout: patience.hook,
        },
      },
    ],
  },
});
