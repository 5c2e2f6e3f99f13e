import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A dump traces processes, and the conformance checks look at all descriptors of theirs: one process for each file.
    pool: 'forks',
    testTimeout: 60_000,
  },
});
