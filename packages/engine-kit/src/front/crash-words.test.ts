import { expect, test } from 'vitest';
import { type CrashFacts, crashWords } from './crash-words.ts';

const facts: CrashFacts = {
  call: { plugin: 'gpu', hook: 'DUMP_EXT_FILE', resource: 'file 7 (/dev/kvm)' },
  stage: 'dump',
  moment: 'works',
  lastWords: 'json',
};

const said = (words: Partial<CrashFacts>): { errors: string; output: string } => {
  const { errors, output } = crashWords({ ...facts, ...words });
  const whole = ({ before, after }: { before: string; after: string }): string => `${before}SIGABRT${after}`;
  return { errors: whole(errors), output: output === null ? '' : whole(output) };
};

test('an error in words and as a report, around the signal, and the code for plugins', () => {
  const { errors, output } = said({});
  const message =
    'SIGABRT ended the process. Plugin gpu was called last: DUMP_EXT_FILE of file 7 (/dev/kvm). The target runs on as it was.';
  expect(errors).toContain(`criujs: ${message}\n  → Run it again without this plugin`);
  expect(JSON.parse(output)).toMatchObject({
    ok: false,
    error: {
      code: 'PLUGIN_FAILED',
      message,
      plugin: 'gpu',
      hook: 'DUMP_EXT_FILE',
      resource: 'file 7 (/dev/kvm)',
      remedy: expect.stringMatching(/^Run it again/),
    },
  });
  expect(crashWords(facts).exitCode).toBe(4);
});

test('a process that is not ours dies by the signal', () => {
  expect(crashWords({ ...facts, lastWords: undefined })).toMatchObject({ exitCode: null, output: null });
  expect(crashWords({ ...facts, lastWords: 'text' })).toMatchObject({ exitCode: 4, output: null });
});

test.each<[Partial<CrashFacts>, RegExp]>([
  [{ stage: 'plan' }, /\. The target runs on as it was\.\n/],
  [{ stage: 'pre-dump' }, /\. The target runs on as it was\.\n/],
  [{ moment: 'sealed' }, /\. The dump may be complete\.\n/],
  [{ moment: 'done' }, /\. The dump is complete\.\n/],
  [{ moment: 'failed' }, /\. The dump had failed before\.\n/],
  [{ stage: 'restore' }, /\(\/dev\/kvm\)\.\n/],
  [{ stage: 'restore', moment: 'done' }, /\. The restore is complete\.\n/],
  [{ call: { plugin: 'gpu', hook: 'init', resource: undefined } }, /called last: init\. The/],
])('%j', (words, says) => {
  expect(said(words).errors).toMatch(says);
});

test('names are no control sequences, have no end of their own, and cannot pass for the signal', () => {
  const call = { plugin: '\x1b[2JSIGNAL', hook: 'SIGNAL'.repeat(99), resource: '\u202e'.repeat(9999) };
  const { errors, output } = said({ call });
  expect(errors).toContain('criujs: SIGABRT ended the process. Plugin \\u{1b}[2JSIGNAL was called last: SIGNALSIGNAL');
  expect(JSON.parse(output).error.message).toMatch(/^SIGABRT ended/);
  // As much as the handler has room for.
  expect(Buffer.byteLength(output)).toBeLessThan(1 << 14);
});
