import { EngineError, toEngineError } from '@criujs/engine-kit';
import { expect, test } from 'vitest';
import { decodeError, encodeError } from './wire.ts';

/** As threads hand values over. */
const cross = (error: unknown): EngineError => decodeError(structuredClone(encodeError(error)));

test('every field of an error crosses the thread border', () => {
  const refusals = [
    { pid: 7, command: 'sh', resource: 'descriptor 3', why: 'nobody takes it', remedy: 'Load a plugin.' },
  ];
  const cause = new Error('inner', { cause: new Error('innermost') });
  const sent = new EngineError('UNSUPPORTED', 'cannot', {
    remedy: 'Do.',
    pid: 7,
    resource: 'fd 3',
    plugin: 'p',
    hook: 'DUMP_EXT_FILE',
    refusals,
    summary: 'cannot dump 7',
    cause,
  });
  const got = cross(sent);
  expect(got).toBeInstanceOf(EngineError);
  expect(got).toMatchObject({
    code: 'UNSUPPORTED',
    message: 'cannot',
    remedy: 'Do.',
    pid: 7,
    resource: 'fd 3',
    plugin: 'p',
    hook: 'DUMP_EXT_FILE',
    refusals,
    summary: 'cannot dump 7',
  });
  expect((got.cause as Error).message).toBe('inner');
  expect(((got.cause as Error).cause as Error).message).toBe('innermost');
  expect(got.stack).toBe(sent.stack);
});

test('what is not known is absent, not undefined', () => {
  expect(Object.keys(cross(new EngineError('ABORTED', 'over')))).not.toContain('plugin');
});

test('a ring of causes ends', () => {
  const one = new Error('one');
  const two = new Error('two', { cause: one });
  one.cause = two;
  expect(encodeError(new EngineError('KERNEL', 'x', { cause: one })).causes.length).toBeLessThan(10);
});

test.each([
  [
    Object.assign(new Error('late'), { name: 'HostError', code: 'HOOK_TIMEOUT', plugin: 'gpu', hook: 'DUMP_EXT_FILE' }),
    'HOOK_TIMEOUT',
  ],
  [Object.assign(new Error('order'), { name: 'HostError', code: 'HOST_STATE' }), 'INTERNAL'],
  [Object.assign(new Error('part'), { name: 'HostError', code: 'SECTION_MISSING' }), 'PLUGIN_FAILED'],
  [Object.assign(new Error('short'), { name: 'ImageError', code: 'IMAGE_TRUNCATED' }), 'IMAGE_INVALID'],
  [Object.assign(new Error('write'), { name: 'LinuxError', code: 'ENOSPC', errno: 28 }), 'IMAGES_FULL'],
  [Object.assign(new Error('seize'), { name: 'LinuxError', code: 'EPERM', errno: 1 }), 'NOT_PERMITTED'],
  [Object.assign(new Error('open'), { code: 'EMFILE', errno: -24 }), 'KERNEL'],
  [Object.assign(new Error('worker'), { code: 'ERR_WORKER_INIT_FAILED' }), 'KERNEL'],
  [
    Object.assign(new Error('mac'), { name: 'LinuxError', code: 'UNSUPPORTED_PLATFORM', errno: 38 }),
    'UNSUPPORTED_PLATFORM',
  ],
  [new TypeError('undefined is not a function'), 'INTERNAL'],
  ['just text', 'INTERNAL'],
])('%s becomes %s', (thrown, code) => {
  const error = toEngineError(thrown);
  expect(error.code).toBe(code);
  expect(error.remedy).toMatch(/^[A-Z].+\.$/);
  if (thrown instanceof Error) expect(error.message).toBe(thrown.message);
});

test.each([
  ['EMFILE', /ulimit -n/],
  ['ENOMEM', /ulimit -v/],
  ['EIO', /dmesg/],
  ['ENAMETOOLONG', /shorter/],
  ['EFAULT', /criujs check/],
])('a bare %s says what to do', (code, remedy) => {
  expect(toEngineError(Object.assign(new Error(code), { code, errno: -1 })).remedy).toMatch(remedy);
});

test('plugin and hook of a host error stay', () => {
  const error = toEngineError(
    Object.assign(new Error('late'), {
      name: 'HostError',
      code: 'HOOK_TIMEOUT',
      plugin: 'gpu',
      hook: 'DUMP_EXT_FILE',
      remedy: 'Wait.',
    }),
  );
  expect(error).toMatchObject({ plugin: 'gpu', hook: 'DUMP_EXT_FILE', remedy: 'Wait.' });
});
