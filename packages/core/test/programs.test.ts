import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { criujs } from './harness/engines.ts';
import { travel } from './harness/legs.ts';
import { isRoot } from './harness/machine.ts';
import { test } from './harness/place.ts';
import { portrait } from './harness/portrait.ts';
import {
  counter,
  cProgram,
  huge,
  nodeCounter,
  type Program,
  pipeline,
  pythonCounter,
  pythonPool,
  rubyWorkers,
  shCounter,
  sqliteTransaction,
} from './harness/programs.ts';

interface Row {
  readonly program: Program;
  /** Whether all that /proc shows of it stays the same while it stands still. */
  readonly compared: boolean;
  readonly legs: number;
  readonly needsRoot?: boolean;
  /** Options of the dump and of the restore. */
  readonly more?: readonly string[];
}

/** What is not in the tree of `mirror.test.ts`, or is there with other options. */
const rows: readonly Row[] = [
  { program: cProgram('counter', { COUNTER_USER: '1' }), compared: true, legs: 2, needsRoot: true },
  { program: cProgram('counter', { COUNTER_UNDUMPABLE: '1' }), compared: true, legs: 2, needsRoot: true },
  { program: cProgram('counter', { COUNTER_PAGES: '20000' }), compared: true, legs: 2 },
  { program: cProgram('threads', { THREADS: '100' }), compared: true, legs: 2 },
  { program: cProgram('timers'), compared: false, legs: 3 },
  { program: cProgram('barriers'), compared: true, legs: 3 },
  { program: cProgram('timerfds'), compared: true, legs: 3 },
  { program: cProgram('signalfds'), compared: true, legs: 3 },
  { program: cProgram('pidfds'), compared: true, legs: 3 },
  { program: cProgram('watches'), compared: true, legs: 3 },
  { program: cProgram('epolls'), compared: true, legs: 3 },
  { program: cProgram('rings'), compared: true, legs: 3 },
  { program: cProgram('rings', { RINGS_WORKER: '1' }), compared: false, legs: 3 },
  { program: cProgram('aios'), compared: true, legs: 3 },
  { program: cProgram('aios', { AIOS_TIMED: '1' }), compared: false, legs: 3 },
  // A filter against reboot(2).
  { program: cProgram('aios', { AIOS_FILTER: '169' }), compared: true, legs: 2, needsRoot: true },
  { program: cProgram('aios', { AIOS_PLAIN: '1', AIOS_MANY: '20' }), compared: true, legs: 3 },
  { program: cProgram('memory', { MEMORY_SHARED: '1', MEMORY_FUTURE: '1' }), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('memory', { MEMORY_FUTURE: '2' }), compared: true, legs: 2, needsRoot: true },
  { program: cProgram('memfds'), compared: true, legs: 3 },
  { program: cProgram('sysv-memory'), compared: true, legs: 3 },
  { program: cProgram('sysv-semaphores'), compared: true, legs: 3 },
  { program: cProgram('sysv-queues'), compared: true, legs: 3 },
  { program: cProgram('clocks'), compared: true, legs: 3 },
  { program: cProgram('pipes'), compared: true, legs: 3 },
  { program: cProgram('opened'), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('procfiles'), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('pairs'), compared: true, legs: 3 },
  { program: cProgram('listeners'), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('netlinks'), compared: true, legs: 3 },
  { program: cProgram('packets'), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('connections'), compared: true, legs: 3, needsRoot: true, more: ['--tcp-established'] },
  {
    program: cProgram('connections', { CONNECTIONS_KNOCK: '1' }),
    ...{ compared: true, legs: 3, needsRoot: true, more: ['--tcp-established'] },
  },
  { program: cProgram('udps'), compared: true, legs: 3, needsRoot: true },
  { program: cProgram('inets'), compared: true, legs: 3, needsRoot: true },
  { program: huge, compared: true, legs: 3, needsRoot: true },
  { program: cProgram('flights'), compared: true, legs: 3 },
  { program: cProgram('ptys'), compared: true, legs: 3 },
  { program: cProgram('locks'), compared: true, legs: 3, more: ['--file-locks'] },
  { program: cProgram('busy'), compared: true, legs: 3, more: ['--file-locks'] },
  { program: cProgram('kin'), compared: true, legs: 3 },
  { program: cProgram('kin', { KIN_MANY: '200' }), compared: true, legs: 2 },
  { program: cProgram('waits'), compared: false, legs: 4 },
  { program: cProgram('tree', { TREE_EXIT_SIGNAL: '1' }), compared: true, legs: 2 },
  { program: shCounter, compared: false, legs: 3 },
  { program: pipeline, compared: false, legs: 3 },
  { program: pythonCounter, compared: false, legs: 3 },
  { program: nodeCounter, compared: false, legs: 3 },
  { program: pythonPool, compared: false, legs: 3 },
  { program: sqliteTransaction, compared: false, legs: 3, more: ['--file-locks'] },
  { program: rubyWorkers, compared: false, legs: 3 },
];

describe.skipIf(!isRoot)('with the pids that they had (root)', () => {
  for (const { program, compared, legs, more = [] } of rows) {
    test.skipIf(program.missing)(
      `${program.name}: dumped and restored ${legs} times${because(program)}`,
      async ({ place }) => {
        const target = await place.start(program);
        for (let leg = 0; leg < legs; leg++)
          await travel(place, target, { by: criujs, compared, dump: { more }, restore: { more } });
        await target.finish();
      },
    );
  }
});

describe('left running', () => {
  for (const { program, compared, needsRoot, more = [] } of rows) {
    const missing = program.missing ?? (needsRoot && !isRoot ? 'needs root' : null);
    test.skipIf(missing)(
      `${program.name}: dumped twice, and not changed by it${because(program)}`,
      async ({ place }) => {
        const target = await place.start(program);
        const before = await target.paused(() => ({
          who: target.identities(),
          portrait: compared ? portrait(target.pid) : '',
        }));
        for (let leg = 0; leg < 2; leg++) {
          await criujs.dump(target.pid, target.images(), { leaveRunning: true, more });
          expect(target.held(), 'nobody is stopped or traced').toEqual([]);
          await target.advance();
        }
        const after = await target.paused(() => ({
          who: target.identities(),
          portrait: compared ? portrait(target.pid) : '',
        }));
        expect(after.portrait).toBe(before.portrait);
        if (compared) expect(after.who).toEqual(before.who);
        else expect(after.who[0]).toEqual(before.who[0]);
        await target.finish();
      },
    );
  }

  test.skipIf(counter.missing ?? !isRoot)(
    'counter: the copy in the images is whole too, once the original has ended',
    async ({ place }) => {
      const target = await place.start(counter);
      const images = target.images();
      const files = ['log', 'records', 'appended'].map((name) => target.path(name));
      // Standing still it writes nothing: its files are those of the dump.
      const contents = await target.paused(async () => {
        await criujs.dump(target.pid, images, { leaveRunning: true });
        return files.map((file) => readFileSync(file));
      });
      await target.advance();
      await target.pause();
      process.kill(target.pid, 'SIGKILL');
      files.forEach((file, index) => {
        writeFileSync(file, contents[index] ?? '');
      });

      place.track(await criujs.restore(images));
      await target.resume();
      await target.advance();
      await target.finish();
    },
  );
});

function because(program: Program): string {
  return program.missing ? ` (${program.missing})` : '';
}
