import { expect, test } from 'vitest';
import { EngineError, refusedDump } from './errors.ts';
import { defaultRemedies } from './remedies.ts';
import { toEngineError } from './to-engine-error.ts';

test.each(Object.entries(defaultRemedies))('an error with the code %s has a remedy: %s', (code, remedy) => {
  expect(new EngineError(code as keyof typeof defaultRemedies, 'it failed').remedy).toBe(remedy);
  expect(remedy).toMatch(/^[A-Z].{10,}\.$/);
});

test('a remedy of its own counts before that of its code; an empty one does not', () => {
  expect(new EngineError('KERNEL', 'it failed', { remedy: 'Wait.' }).remedy).toBe('Wait.');
  expect(new EngineError('KERNEL', 'it failed', { remedy: '' }).remedy).toBe(defaultRemedies.KERNEL);
});

test('a single refusal lends its remedy; several have one each', () => {
  const refusal = { pid: 7, resource: 'descriptor 3', why: 'nobody takes it', remedy: 'Close it.' };
  expect(new EngineError('UNSUPPORTED', 'no', { refusals: [refusal] }).remedy).toBe('Close it.');
  expect(new EngineError('UNSUPPORTED', 'no', { refusals: [refusal, refusal] }).remedy).toContain('each resource');
});

test('a refused dump says all in its message, and its summary without the refusals', () => {
  const refusals = [3, 4].map((fd) => ({
    pid: 7,
    resource: `descriptor ${fd}`,
    why: 'nobody takes it',
    remedy: 'Close it.',
  }));
  const error = refusedDump({ pid: 7, command: 'sh' }, refusals, { plugin: 'gpu' });
  expect(error).toMatchObject({ code: 'UNSUPPORTED', pid: 7, plugin: 'gpu', refusals });
  expect(error.summary).toBe('cannot dump 7 (sh): 2 resources are not supported');
  expect(error.message).toBe(
    `${error.summary}\n  7 descriptor 3: nobody takes it. Close it.\n  7 descriptor 4: nobody takes it. Close it.`,
  );
});

test('an error of another copy of this package keeps all that it says', () => {
  const refusals = [{ pid: 7, resource: 'descriptor 3', why: 'it is locked', remedy: 'Close it.' }];
  const known = { pid: 7, resource: 'x', plugin: 'gpu', hook: 'DUMP_EXT_FILE', refusals, summary: 'refused' };
  const foreign = Object.assign(new Error('refused: descriptor 3'), {
    ...{ name: 'EngineError', code: 'UNSUPPORTED', remedy: 'Close it.' },
    ...known,
  });
  const error = toEngineError(foreign);
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ code: 'UNSUPPORTED', message: 'refused: descriptor 3', remedy: 'Close it.', ...known });
  expect(error.cause).toBe(foreign);
});

test('what cannot be looked at is an error all the same', () => {
  const trap = (): never => {
    throw new Error('a trap');
  };
  const hostile = new Proxy(new Error('inside'), new Proxy({}, { get: () => trap }));
  expect(toEngineError(hostile)).toMatchObject({ code: 'INTERNAL' });
});
