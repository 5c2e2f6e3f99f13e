import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { bin, criujsFails } from './harness/engines.ts';
import { type Place, test } from './harness/place.ts';
import { state } from './harness/processes.ts';
import { cProgram } from './harness/programs.ts';
import type { Target } from './harness/target.ts';
import { until } from './harness/wait.ts';

const program = cProgram('stuck');

/** A program that the kernel holds. */
async function start(place: Place): Promise<Target> {
  const target = await place.start(program);
  await until('the kernel holds it', () => state(target.pid) === 'D');
  return target;
}

/** It stands where it stood, nobody holds it, and it goes on once the kernel lets it. */
async function expectUnchanged(target: Target, who: readonly unknown[]): Promise<void> {
  expect(target.identities()).toEqual(who);
  expect(target.held()).toEqual([]);
  writeFileSync(target.path('release'), '');
  await target.advance();
  await target.finish();
}

describe.skipIf(program.missing)('a thread that does not stop', () => {
  test('is named, and a signal ends the wait for it', async ({ place }) => {
    const target = await start(place);
    const who = target.identities();
    const images = target.images();
    const child = spawn(process.execPath, [bin, 'dump', '-t', `${target.pid}`, '-D', images], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await until('it says what it waits for', () => said.includes('waiting for'));
    expect(said).toContain(`waiting for process ${target.pid} (stuck), which the kernel does not release (state D)`);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code, said).toBe(130);
    expect(existsSync(images)).toBe(false);
    await expectUnchanged(target, who);
  });

  test('fails the dump in the end, by name and with a remedy', async ({ place }) => {
    const target = await start(place);
    const who = target.identities();
    const failed = await criujsFails(['dump', '-t', `${target.pid}`, '-D', target.images()]);
    expect(failed).toMatchObject({ code: 'TARGET_STUCK', exitCode: 7, pid: target.pid });
    expect(failed.message).toMatch(/\(stuck\).*has not stopped for \d+ seconds/);
    expect(failed.remedy).toMatch(/^Try again/);
    await expectUnchanged(target, who);
  });
});
