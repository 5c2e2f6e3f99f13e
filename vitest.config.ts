import { defineConfig } from 'vitest/config';
import { skippedReporter } from './scripts/skipped-reporter.ts';

/**
 * Milliseconds that waits of tests may take: for a machine that is many times slower than this one usually is. A test that fails
 * by one of these limits hangs.
 */
const patience = { test: 300_000, hook: 300_000, poll: 60_000 } as const;

/**
 * System tests that have the machine to themselves: they kill an engine at a moment that they choose, measure it, watch processes that
 * pass, hold it up, or make thousands of processes. All others run side by side, two files at a time: each has programs and
 * directories of its own.
 */
const alone = [
  ...['abort', 'connections', 'crash', 'files-collect', 'fuzz', 'holds', 'infection', 'library', 'many'],
  ...['passing-processes', 'signals', 'streams', 'stuck-target', 'sysv'],
]
  .map((name) => `packages/core/test/${name}.test.ts`)
  .concat(
    'tests/apps/*.test.ts',
    'packages/linux/test/*.test.ts',
    'packages/criu-bridge/test/{driver,failures,namespaces}.test.ts',
    'tests/system/guarantees/namespaces.test.ts',
  );

const systemTests = [
  'packages/*/test/**/*.test.ts',
  'apps/*/test/**/*.test.ts',
  'tests/system/**/*.test.ts',
  'tests/apps/*.test.ts',
];
const registryTests = 'packages/create-plugin/test/registry/**/*.test.ts';

/**
 * Four projects. `unit` runs on the sources, in parallel. `together` and `system` run on what is shipped (build first) and trace real
 * processes, after every unit test: the first two files at a time, the second one. `registry` comes last, two files
 * at a time: it publishes all packages to a registry on loopback and uses them as somebody would who has nothing else.
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
          include: systemTests,
          exclude: [registryTests, ...alone],
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
          include: alone,
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
          maxWorkers: 2,
          sequence: { groupOrder: 3 },
          testTimeout: 2 * patience.test,
          hookTimeout: patience.hook,
        },
      },
    ],
  },
});
