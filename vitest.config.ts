import { defineConfig } from 'vitest/config';

/** Unit tests run on the sources; system tests run on what is shipped, one file at a time: they trace real processes. */
export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions: ['@criujs/source'] },
        ssr: { resolve: { conditions: ['@criujs/source'] } },
        test: { name: 'unit', include: ['packages/*/src/**/*.test.ts'], testTimeout: 30_000 },
      },
      {
        test: {
          name: 'system',
          include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
