import { expect, test } from 'vitest';
import { parseInherited } from './parse-inherited.ts';

test.for([
  ['fd[1]:pipe:[4026]', { fd: 1, key: 'pipe:[4026]' }],
  ['fd[33]:var/log/a:b', { fd: 33, key: 'var/log/a:b' }],
] as const)('%s', ([text, expected]) => {
  expect(parseInherited(text)).toEqual(expected);
});

test.for(['', 'fd[1]', 'fd[1]:', 'fd[]:a', 'fd[-1]:a', 'fd[1a]:b', '1:pipe:[4026]', 'pipe:[4026]:fd[1]', ' fd[1]:a'])(
  '"%s" is refused, with how to write it',
  (text) => {
    expect(() => parseInherited(text)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining("--inherit-fd 'fd[1]:pipe:[4026]'") }),
    );
  },
);
