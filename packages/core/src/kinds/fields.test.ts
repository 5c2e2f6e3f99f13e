import { expect, test } from 'vitest';
import { joinFields } from './fields.ts';

test('objects are joined, lists follow each other, and bytes are plain values', () => {
  const bytes = new Uint8Array([1]);
  const joined = joinFields<{ timers: { real: number; posix: number[] }; name: Uint8Array }>([
    { timers: { real: 1, posix: [1] } },
    { timers: { posix: [2, 3] }, name: new Uint8Array(9) },
    { name: bytes },
    {},
  ]);
  expect(joined).toEqual({ timers: { real: 1, posix: [1, 2, 3] }, name: bytes });
  expect(joined.name).toBe(bytes);
});

test('what is joined is not changed', () => {
  const first = { timers: { posix: [1] } };
  joinFields([first, { timers: { posix: [2] } }]);
  expect(first).toEqual({ timers: { posix: [1] } });
});
