import { expect, onTestFinished, test } from 'vitest';
import { runCommand } from './run-command.ts';

const run = (script: string): ReturnType<typeof runCommand> =>
  runCommand(['sh', '-c', script], { cwd: '/', environment: process.env });

test('a command tells how it ended and what it printed', async () => {
  const failed = await run('echo out; echo err >&2; exit 3');
  expect(failed).toMatchObject({ code: 3, interrupted: false });
  expect(failed.output.split('\n').toSorted()).toEqual(['', 'err', 'out']);
  expect(await run('exit 0')).toMatchObject({ code: 0, interrupted: false });
});

test('one that cannot be started says why', async () => {
  const ended = await runCommand(['criujs-no-such-command'], { cwd: '/', environment: process.env });
  expect(ended).toMatchObject({ code: null, interrupted: false, output: expect.stringContaining('ENOENT') });
});

test('Ctrl-C that ends the command before it reaches us was Ctrl-C nevertheless, and does not end us', async () => {
  const [before, asked] = [process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')];
  onTestFinished(() => {
    process.off('SIGINT', process.listeners('SIGINT').at(-1) as NodeJS.SignalsListener);
  });
  expect(await run('kill -INT $$')).toMatchObject({ code: null, interrupted: true });
  // Still to come, and heard.
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  expect(await run('kill -TERM $$')).toMatchObject({ interrupted: true });
  expect(process.listenerCount('SIGTERM')).toBe(asked);
});

test.skipIf(process.platform === 'win32')('a command that another signal ends was not interrupted', async () => {
  expect(await run('kill -KILL $$')).toMatchObject({ code: null, interrupted: false });
});
