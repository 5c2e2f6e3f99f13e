import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { check, dump, type EngineError } from '@criujs/core';
import { type CriuOptions, criu } from '@criujs/criu-bridge';
import { breakpointsWork } from '@criujs/linux';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Place, test } from '../../core/test/harness/place.ts';
import { failureOf } from './harness/runs.ts';

let child: ChildProcess;

beforeAll(async () => {
  child = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  await once(child, 'spawn');
});

afterAll(() => child.kill('SIGKILL'));

/** A program that runs these lines. */
function pretend(place: Place, ...lines: string[]): CriuOptions {
  const path = place.fresh('criu');
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
  return { bin: path };
}

const attempt = (options: CriuOptions, place: Place): Promise<EngineError> =>
  failureOf(dump({ pid: child.pid as number, images: place.fresh('images'), engine: criu(options) }));

test('a CRIU that is not in PATH, not there, not to be executed', async ({ place }) => {
  expect(await attempt({ bin: 'no-such-criu' }, place)).toMatchObject({
    code: 'CRIU_MISSING',
    message: 'no-such-criu is not in PATH',
    remedy: expect.stringContaining('--criu-bin'),
  });
  expect(await attempt({ bin: './criu', cwd: place.directory }, place)).toMatchObject({
    code: 'CRIU_MISSING',
    message: `${place.directory}/criu is not a CRIU: there is no such file`,
  });
  expect(await attempt({ bin: place.directory }, place)).toMatchObject({ code: 'CRIU_MISSING' });
});

test('another program, or one that does not run', async ({ place }) => {
  expect(await attempt({ bin: 'true' }, place)).toMatchObject({ code: 'CRIU_MISSING' });
  const broken = pretend(place, 'echo "error while loading shared libraries: libnl-3.so.200" >&2', 'exit 127');
  expect(await attempt(broken, place)).toMatchObject({
    code: 'CRIU_MISSING',
    message: expect.stringContaining('libnl-3.so.200'),
  });
});

test('one that is too old', async ({ place }) => {
  expect(await attempt(pretend(place, 'echo Version: 3.16.1'), place)).toMatchObject({
    code: 'CRIU_TOO_OLD',
    message: expect.stringContaining('is CRIU 3.16.1; the oldest supported release is 3.17'),
  });
  const older = { ...pretend(place, 'echo Version: 3.18'), options: { leaveStopped: true } };
  expect(await attempt(older, place)).toMatchObject({ code: 'CRIU_TOO_OLD', message: expect.stringContaining('3.19') });
});

test('one that ends without an answer', async ({ place }) => {
  const lines = ['[ "$1" = swrk ] && { echo "out of luck" >&2; exit 3; }', 'echo Version: 4.1.1'];
  expect(await attempt(pretend(place, ...lines), place)).toMatchObject({
    code: 'CRIU_FAILED',
    message: `CRIU cannot dump ${child.pid}: it ended with code 3 and without an answer: out of luck`,
  });
});

test('check says what is missing, which hooks a release calls, and what its own check says', async ({ place }) => {
  const none = await check({ engine: criu({ bin: 'no-such-criu' }) });
  expect(none).toMatchObject({ dump: false, restore: false, samePids: false });
  expect(none.rows).toMatchObject([{ id: 'criu', state: 'missing', remedy: expect.stringContaining('apt install') }]);

  const lines = ['[ "$1" = check ] && { echo "Error (criu/cr-check.c:1): no ptrace"; exit 1; }', 'echo Version: 3.18'];
  const old = await check({ engine: criu(pretend(place, ...lines)) });
  expect(old.dump).toBe(false);
  expect(old.rows).toMatchObject([
    { id: 'criu', state: 'ok', detail: expect.stringContaining('is CRIU 3.18') },
    { id: 'criu-check', state: 'missing', detail: expect.stringContaining('no ptrace') },
    { id: 'criu-breakpoints', state: breakpointsWork() === true ? 'ok' : 'limited' },
    { id: 'criu-hooks', state: 'limited', detail: expect.stringMatching(/never PAUSE_DEVICES \(since 4.0\)/) },
    { id: 'criu-options', state: 'limited', detail: expect.stringContaining('leaveStopped (since 3.19)') },
  ]);
});
