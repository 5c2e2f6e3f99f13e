#!/usr/bin/env node
/**
 * Prints `N passed, N failed[, N skipped]` from the report that the last test run wrote; nothing else, so that the line
 * stands alone. A file that could not be run at all counts as one failed test. Exits 1 when anything failed, and when
 * nothing ran.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.js';

const report = JSON.parse(readFileSync(join(root, '.cache', 'test-report.json'), 'utf8'));
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
).length;
const passed = report.numPassedTests;
const failed = report.numFailedTests + brokenFiles;
const skipped = report.numPendingTests + report.numTodoTests;
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0 || passed === 0) process.exitCode = 1;
