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

const hostile = 'x\x1b[2J\x1b]0;owned\x07\ncriujs: done\u202e\x9b';
const escaped = 'x\\u{1b}[2J\\u{1b}]0;owned\\u{7}\\u{a}criujs: done\\u{202e}\\u{9b}';

test('names in warnings and logs are escaped', async () => {
  const { said, it } = await output({ verbose: true });
  it.warning(hostile);
  it.log({ level: 'info', message: hostile, plugin: hostile, hook: hostile, details: { [hostile]: hostile } });
  const json = 'x\\u001b[2J\\u001b]0;owned\\u0007\\ncriujs: done\\u202e\\u009b';
  expect(said.err).toBe(`criujs: warning: ${escaped}\n${escaped} ${escaped}: ${escaped} {"${json}":"${json}"}\n`);
});

test('what was not escaped before is escaped here, in words and in JSON', async () => {
  const { said, it } = await output();
  it.note(hostile);
  it.result({}, hostile);
  const twoLines = escaped.replace('\\u{a}', '\n');
  expect(said).toEqual({ out: `${twoLines}\n`, err: `${twoLines}\n` });
  const machines = await output({ json: true });
  machines.it.result({ name: hostile }, '');
  expect(machines.said.out).not.toMatch(/[^\P{C}\n]/u);
  expect(JSON.parse(machines.said.out)).toEqual({ name: hostile });
});

test('a terminal gets our colours, and none of those in a name', async () => {
  const said: string[] = [];
  const stderr = { isTTY: true, write: (text: string) => said.push(text) };
  const it = await createOutput({ environment: {}, stderr });
  it.note(`${it.errorColors.red('criujs:')} ${it.errorColors.dim(`a ${it.errorColors.bold('b')}`)} \x1b[35mc\x1b[0m`);
  expect(said.join('')).toBe(
    '\x1b[31mcriujs:\x1b[39m \x1b[2ma \x1b[1mb\x1b[22m\x1b[2m\x1b[22m \\u{1b}[35mc\\u{1b}[0m\n',
  );
});
