import { EngineError } from '@criujs/core';
import { expect, test } from 'vitest';
import { createOutput, type OutputOptions } from './output.ts';
import { printError } from './print-error.ts';
import { UsageError } from './usage-error.ts';

/** Prints, and answers the code and what went where. */
async function printed(
  error: unknown,
  options: OutputOptions & { terminal?: boolean } = {},
): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const isTTY = options.terminal === true;
  const stdout = { isTTY, write: (text: string) => (said.out += text) };
  const stderr = { isTTY, write: (text: string) => (said.err += text) };
  const code = printError(error, await createOutput({ environment: {}, ...options, stdout, stderr }));
  return { code, ...said };
}

const refused = new EngineError(
  'UNSUPPORTED',
  'cannot dump 7 (sh): 1 resource is not supported\n  7 (sh) descriptor 3: …',
  {
    summary: 'cannot dump 7 (sh): 1 resource is not supported',
    refusals: [
      { pid: 7, command: 'sh', resource: 'descriptor 3: /dev/fuse', why: 'nobody takes it', remedy: 'Load a plugin.' },
    ],
  },
);

test('a refusal has process, resource, why and remedy, each once', async () => {
  const { code, out, err } = await printed(refused);
  expect(code).toBe(3);
  expect(out).toBe('');
  expect(err).toBe(
    'criujs: cannot dump 7 (sh): 1 resource is not supported\n  7 (sh) descriptor 3: /dev/fuse\n    nobody takes it\n    → Load a plugin.\n',
  );
});

test('with --json the error is one object on stdout', async () => {
  const { out, err } = await printed(refused, { json: true });
  expect(err).toBe('');
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    error: { code: 'UNSUPPORTED', refusals: [{ pid: 7, resource: 'descriptor 3: /dev/fuse' }] },
  });
  expect(out.trimEnd().includes('\n')).toBe(false);
});

test('-v adds code, plugin, stack and causes', async () => {
  const error = new EngineError('HOOK_FAILED', 'it failed', {
    plugin: 'gpu',
    hook: 'DUMP_EXT_FILE',
    cause: new Error('the driver said no'),
  });
  expect((await printed(error)).err).not.toContain('the driver said no');
  const { err } = await printed(error, { verbose: true });
  expect(err).toContain('code HOOK_FAILED, plugin gpu, hook DUMP_EXT_FILE');
  expect(err).toContain('the driver said no');
  expect(err).toContain('print-error.test.ts');
});

test('colours only on a terminal, and not with NO_COLOR', async () => {
  const colored = async (options: Parameters<typeof printed>[1]): Promise<boolean> =>
    (await printed(refused, options)).err.includes('\x1b[');
  expect(await colored({ terminal: true })).toBe(true);
  expect(await colored({ terminal: true, environment: { NO_COLOR: '1' } })).toBe(false);
  expect(await colored({ terminal: true, environment: { TERM: 'dumb' } })).toBe(false);
  expect(await colored({ terminal: false })).toBe(false);
});

test('usage and surprises have their codes', async () => {
  expect(await printed(new UsageError('unknown option', 'See --help.'))).toEqual({
    code: 2,
    out: '',
    err: 'criujs: unknown option\n  → See --help.\n',
  });
  expect(await printed(new TypeError('x is not a function'))).toMatchObject({
    code: 70,
    err: expect.stringContaining('bug in criujs'),
  });
  const raw = Object.assign(new Error('EROFS: read-only file system, open'), { code: 'EROFS', errno: -30 });
  expect(await printed(raw)).toEqual({
    code: 1,
    out: '',
    err: expect.stringContaining('→ Use a path on a file system that is mounted writable.'),
  });
});

test('an aborted run ends with the code of its signal', async () => {
  expect((await printed(new EngineError('ABORTED', 'aborted'))).code).toBe(130);
  expect((await printed(Object.assign(new EngineError('ABORTED', 'aborted'), { exitCode: 143 }))).code).toBe(143);
});

test('names in an error begin no line and move no cursor; lists of ours stay lists', async () => {
  const name = 'x\x1b[2J\n\u202ey';
  const safe = 'x\\u{1b}[2J\\u{a}\\u{202e}y';
  const refusals = [{ pid: 7, command: name, resource: name, why: name, remedy: name }];
  const summary = `cannot dump 7 (${name})`;
  expect((await printed(new EngineError('UNSUPPORTED', name, { summary, refusals }))).err).toBe(
    `criujs: cannot dump 7 (${safe})\n  7 (${safe}) ${safe}\n    ${safe}\n    → ${safe}\n`,
  );
  const error = new EngineError('FILE_MISSING', `2 files are missing:\n  ${name}\n  b`, { remedy: name, plugin: name });
  expect((await printed(error)).err).toBe(`criujs: 2 files are missing:\n  | ${safe}\n  | b\n  → ${safe}\n`);
  const verbose = (await printed(error, { verbose: true })).err;
  expect(verbose).toContain(`plugin ${safe}\n`);
  for (const line of verbose.split('\n').slice(1)) expect(line).toMatch(/^( {2}\P{C}*)?$/u);
  expect((await printed(new UsageError(name, name))).err).toBe(`criujs: ${safe}\n  → ${safe}\n`);
});
