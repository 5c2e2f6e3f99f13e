import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A dump traces processes, and the conformance checks look at all descriptors of theirs: one process for each file.
    pool: 'forks',
    // For a machine that is busy with other things: everything waits for conditions, and gives up sooner than this.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
