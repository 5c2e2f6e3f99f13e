import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRecord } from './record.ts';

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'criujs-record-'));
});

afterEach(() => rmSync(cwd, { recursive: true }));

test('lines go into a file that only its owner reads, at once', () => {
  const record = openRecord({ record: 'calls.jsonl', cwd });
  record.sink?.('{}\n');
  expect(readFileSync(join(cwd, 'calls.jsonl'), 'utf8')).toBe('{}\n');
  expect(statSync(join(cwd, 'calls.jsonl')).mode & 0o777).toBe(0o600);
  record.close();
  record.sink?.('late');
  expect(readFileSync(join(cwd, 'calls.jsonl'), 'utf8')).toBe('{}\n');
});

test('a link is not followed, wherever it leads', () => {
  writeFileSync(join(cwd, 'precious'), 'old');
  symlinkSync('precious', join(cwd, 'planted'));
  symlinkSync('nowhere', join(cwd, 'dangling'));
  for (const record of ['planted', 'dangling'])
    expect(() => openRecord({ record, cwd })).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', remedy: 'Give the path that the link leads to.' }),
    );
  expect(readFileSync(join(cwd, 'precious'), 'utf8')).toBe('old');
});
