import { parseFdinfo } from '@criujs/linux';
import { expect, test } from 'vitest';
import { distance, ringCounters, ringObstacle } from './counters.ts';

/** What the kernel shows of a ring. */
function shown(changes: Readonly<Record<string, string>> = {}) {
  const rows = {
    ...{ SqMask: '0x7', SqHead: '4294967290', SqTail: '1', CachedSqHead: '4294967290' },
    ...{ CqMask: '0xf', CqHead: '4294967288', CqTail: '4294967290', CachedCqTail: '4294967290' },
    ...{ SqThread: '-1', UserFiles: '0', UserBufs: '0', PollList: '', CqOverflowList: '', NAPI: 'disabled' },
    ...changes,
  };
  return parseFdinfo(
    Object.entries(rows)
      .map(([key, value]) => `${key}:\t${value}\n`)
      .join(''),
  );
}

test('what waits on either side of a ring is no obstacle, and positions begin anew at 2^32', () => {
  expect(ringObstacle(shown())).toBeNull();
  const { entries, completions, count, tail, head } = ringCounters(shown());
  expect([entries, completions, distance(count, tail), distance(head, count)]).toEqual([8, 16, 7, 2]);
});

test.each([
  [{ CachedSqHead: '4294967291' }, 'in flight', true],
  [{ PollList: '\n  op=6, task_works=0' }, 'in flight', true],
  [{ CqOverflowList: '\n  user_data=6, res=0, flags=0' }, 'in flight', true],
  [{ SqHead: '5' }, 'taking submissions', true],
  [{ CqTail: '5' }, 'giving completions', true],
  [{ SqThread: '77' }, 'IORING_SETUP_SQPOLL', undefined],
  [{ UserFiles: '1' }, 'files are registered', undefined],
  [{ UserBufs: '1' }, 'buffers are registered', undefined],
  [{ Personalities: '' }, 'credentials are registered', undefined],
  [{ NAPI: 'dynamic' }, 'network devices', undefined],
])('%o stands against a dump', (changes, why, passes) => {
  const found = ringObstacle(shown(changes));
  expect(found?.why).toContain(why);
  expect(found?.remedy).not.toBe('');
  expect(found?.passes).toBe(passes);
});

test('a kernel that shows nothing is not trusted', () => {
  expect(ringObstacle(parseFdinfo('pos:\t0\nflags:\t02\n'))?.why).toContain('does not show');
});
