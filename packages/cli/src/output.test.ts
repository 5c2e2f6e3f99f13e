import { expect, test } from 'vitest';
import { createOutput, type Output } from './output.ts';

async function output(
  options: { json?: boolean; verbose?: boolean } = {},
): Promise<{ said: { out: string; err: string }; it: Output }> {
  const said = { out: '', err: '' };
  const it = await createOutput({
    ...options,
    environment: {},
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
  });
  return { said, it };
}

test('people get text, machines get one object', async () => {
  const people = await output();
  people.it.result({ ok: true }, 'done');
  expect(people.said).toEqual({ out: 'done\n', err: '' });
  const machines = await output({ json: true });
  machines.it.result({ ok: true }, 'done');
  machines.it.warning('look out');
  expect(machines.said).toEqual({ out: '{"ok":true}\n', err: 'criujs: warning: look out\n' });
});

test('a warning that was logged is not repeated', async () => {
  const { said, it } = await output();
  it.log({ level: 'warn', message: 'look out' });
  it.warning('look out');
  expect(said.err).toBe('criujs: warning: look out\n');
});

test('logs name the plugin; debug is for -v', async () => {
  const quiet = await output();
  quiet.it.log({ level: 'info', message: 'saving', plugin: 'gpu', hook: 'DUMP_EXT_FILE', details: { size: 5n } });
  quiet.it.log({ level: 'debug', message: 'detail', plugin: 'gpu' });
  expect(quiet.said.err).toBe('gpu: saving {"size":"5"}\n');
  const verbose = await output({ verbose: true });
  verbose.it.log({ level: 'debug', message: 'detail', plugin: 'gpu', hook: 'DUMP_EXT_FILE' });
  expect(verbose.said.err).toBe('gpu DUMP_EXT_FILE: detail\n');
});
