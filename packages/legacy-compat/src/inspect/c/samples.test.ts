import { expect, test } from 'vitest';
import { pretendFiles } from '../../../test/inspect/pretend-files.ts';
import { samples } from '../../../test/inspect/samples.ts';
import { inspectC } from './read-c.ts';

// What is told of the same samples once they are compiled: test/inspect/compared.test.ts.

test.each(samples)('$title', ({ text, beside = {}, hooks, name = 'sample', file = 'plugin.c' }) => {
  const found = inspectC(text, file, pretendFiles(beside));
  expect(found.hooks.map((it) => `${it.hook} ${it.function}`)).toEqual(hooks);
  expect(found).toMatchObject({ name, complete: true, unknown: [] });
});
