import type { Reporter, TestCase } from 'vitest/node';

/**
 * Names what did not run and why at the end of a test run, so that nobody takes a machine without a compiler, CRIU or
 * rights for one on which everything passed.
 */
export const skippedReporter: Reporter = {
  onTestRunEnd(modules) {
    const lines = modules.flatMap((module) => [...module.children.allTests('skipped')].map(line));
    if (lines.length > 0) console.log(`\nNot run here:\n${lines.join('\n')}\n`);
  },
};

function line(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' ? result.note : undefined;
  return `  ${test.fullName}${note ? ` (${note})` : ''}`;
}
