import { expect, test } from 'vitest';
import { EngineError } from './errors.ts';
import { exitCodeMeanings, exitCodeOf, exitCodes } from './exit-codes.ts';
import { describeError, reportError } from './last-words.ts';

test('an error in words has its remedy on a line of its own', () => {
  expect(describeError(new EngineError('NO_SUCH_PROCESS', 'there is no process 7', { remedy: 'Look again.' }))).toBe(
    'criujs: there is no process 7\n  → Look again.\n',
  );
});

test('names in an error are escaped, and begin no line', () => {
  const message = 'a\x1b[2J\ncriujs: all is well: no\n  \u202elist';
  expect(describeError(new EngineError('NO_SUCH_PROCESS', message, { remedy: 'Remove a\n\x07.' }))).toBe(
    'criujs: a\\u{1b}[2J\\u{a}criujs: all is well: no\n  | \\u{202e}list\n  → Remove a\\u{a}\\u{7}.\n',
  );
});

test('an error in JSON has its fields and nothing that is not known', () => {
  expect(reportError(new EngineError('HOOK_TIMEOUT', 'late', { plugin: 'gpu', hook: 'DUMP_EXT_FILE' }))).toEqual({
    ok: false,
    error: {
      code: 'HOOK_TIMEOUT',
      message: 'late',
      remedy: expect.stringContaining('--hook-deadline'),
      plugin: 'gpu',
      hook: 'DUMP_EXT_FILE',
    },
  });
});

test('exit codes are told apart and explained', () => {
  expect(exitCodeOf('UNSUPPORTED')).toBe(3);
  expect(exitCodeOf('HOOK_TIMEOUT')).toBe(4);
  expect(exitCodeOf('IMAGES_FULL')).toBe(5);
  expect(new Set(Object.values(exitCodes)).size).toBe(Object.keys(exitCodes).length);
  expect(Object.keys(exitCodeMeanings)).toEqual(Object.keys(exitCodes));
});
