import { statSync } from 'node:fs';
import { deviceOf, kindOf } from '@criujs/engine-kit/externals';
import { expect, test } from 'vitest';
import { sampleFile } from '../../../test/files-samples.ts';
import { typeWord } from './stat.ts';

test.skipIf(process.platform !== 'linux')('/dev/null is character device 1:3', () => {
  expect(deviceOf(statSync('/dev/null', { bigint: true }))).toEqual({ major: 1, minor: 3 });
  expect(deviceOf(statSync('/', { bigint: true }))).toBeNull();
});

test('kinds as plugins are told', () => {
  const { stat } = sampleFile({ link: '', mode: 0o600 });
  expect(kindOf('anon_inode:[perf_event]', stat)).toBe('anonymous');
  expect(kindOf('pidfd:[1]', stat)).toBe('unknown');
  expect(typeWord(0o010600)).toBe('named pipe');
});
