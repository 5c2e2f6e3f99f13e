import { beforeEach, expect, test, vi } from 'vitest';
import { guardCrashes } from './crash-guard.ts';

const handler = vi.hoisted(() => ({
  installs: 0,
  uninstalls: 0,
  said: [] as (string | null)[],
  how: 'works' as 'works' | 'taken' | 'unsupported',
}));

vi.mock('@criujs/linux', () => ({
  installCrashHandler() {
    if (handler.how === 'unsupported') throw new Error('no such processor');
    if (handler.how === 'taken') return null;
    handler.installs += 1;
    return {
      say: (words: { errors: { after: string } }) =>
        void handler.said.push(/Plugin (\w+)/.exec(words.errors.after)?.[1] ?? ''),
      uninstall() {
        handler.uninstalls += 1;
      },
    };
  },
}));

beforeEach(() => {
  Object.assign(handler, { installs: 0, uninstalls: 0, said: [], how: 'works' });
});

const call = (plugin: string): { plugin: string; hook: string; resource: undefined } => ({
  plugin,
  hook: 'init',
  resource: undefined,
});
const guard = (): ReturnType<typeof guardCrashes> => guardCrashes({ stage: 'dump', lastWords: 'text' });

test('nothing is installed before a plugin is called, nor by a run that is over', () => {
  const run = guard();
  run.reached('failed');
  expect(handler.installs).toBe(0);
  run.release();
  run.called(call('late'));
  expect(handler).toMatchObject({ installs: 0, said: [] });
});

test('runs share one handler: the latest call of those that go on is named, and the last one removes it', () => {
  const [first, second] = [guard(), guard()];
  first.called(call('a'));
  second.called(call('b'));
  first.called(call('c'));
  expect(handler).toMatchObject({ installs: 1, said: ['a', 'b', 'c'] });
  first.release();
  expect(handler).toMatchObject({ uninstalls: 0, said: ['a', 'b', 'c', 'b'] });
  second.release();
  second.release();
  expect(handler.uninstalls).toBe(1);
  const third = guard();
  third.called(call('d'));
  third.release();
  expect(handler).toMatchObject({ installs: 2, uninstalls: 2 });
});

test.each(['taken', 'unsupported'] as const)('where the signals are %s a run goes on without', (how) => {
  handler.how = how;
  const run = guard();
  run.called(call('a'));
  run.release();
  expect(handler).toMatchObject({ installs: 0, uninstalls: 0, said: [] });
});
