import { closeSync, openSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import { blob, readMaps } from '@criujs/linux';
import { expect } from 'vitest';
import { criujs } from './harness/engines.ts';
import { test } from './harness/place.ts';
import { proc } from './harness/processes.ts';
import { counter, cProgram } from './harness/programs.ts';
import { stillness } from './harness/stillness.ts';
import { until } from './harness/wait.ts';

const [major = 0, minor = 0] = release().split('.').map(Number);
const strict = cProgram('still', { MDWE: '1', GLIBC_TUNABLES: 'glibc.pthread.rseq=0' });
const littered = cProgram('still', { LEFTOVER: Buffer.from(blob.code).toString('hex') });
const withoutMdwe = strict.missing ?? (major > 6 || (major === 6 && minor >= 3) ? null : 'PR_SET_MDWE: Linux 6.3');

/** Maps of nothing that can be executed. */
function executable(pid: number): string[] {
  return (proc(pid, 'maps') ?? '').split('\n').filter((line) => / r.xp 00000000 00:00 0 *$/.test(line));
}

test.skipIf(withoutMdwe !== null)(
  `a program that may not make memory executable is dumped, and nothing of it is changed (${withoutMdwe ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(strict);
    const before = await until('its threads wait', () => {
      const now = stillness(target.pid);
      return now.includes('call running') ? null : now;
    });
    for (let dump = 0; dump < 2; dump++) {
      await criujs.dump(target.pid, target.images(), { leaveRunning: true });
      await until('it waits again', () => stillness(target.pid) === before, 10_000).catch(() => {
        expect(stillness(target.pid)).toBe(before);
      });
    }
  },
);

test.skipIf(littered.missing !== null)(
  `what an engine left that was killed is taken out (${littered.missing ?? 'in C'})`,
  async ({ place }) => {
    const target = await place.start(littered);
    expect(executable(target.pid)).toHaveLength(2);
    await criujs.dump(target.pid, target.images(), { leaveRunning: true });
    expect(executable(target.pid)).toEqual([]);
    expect(proc(target.pid, 'maps')).not.toContain('123450001000');
  },
);

test.for(['first', 'second'] as const)(
  'an engine that was killed between the two pokes into the vdso is no obstacle: only the %s half is there',
  async (half, { place }) => {
    const target = await place.start(counter);
    const vdso = readMaps(target.pid).find(({ name }) => name === '[vdso]');
    const at = half === 'first' ? 0 : 8;
    const memory = openSync(`/proc/${target.pid}/mem`, 'r+');
    try {
      writeSync(memory, blob.cave.old, at, 8, (vdso?.end ?? 0) - 64 + at);
    } finally {
      closeSync(memory);
    }
    const images = target.images();
    await criujs.dump(target.pid, images);
    place.track(await criujs.restore(images));
    await target.advance(3);
  },
);
