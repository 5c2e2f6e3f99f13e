import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AT_FDCWD, readFds, readStat } from '@criujs/linux';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { UndoCall } from './hold-guard.ts';
import { type AtCommit, createHolds, type Held, type Holds } from './holds.ts';

/** AT_REMOVEDIR of unlinkat(2). */
const removeDirectory = 0x200;

let folder = '';
let warnings: string[] = [];
let before: number[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-holds-'));
  warnings = [];
  before = readFds(process.pid);
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  expect(guards()).toEqual([]);
  // Whoever runs the tests opens files meanwhile, and closes them again.
  await expect.poll(() => readFds(process.pid).filter((fd) => !before.includes(fd))).toEqual([]);
});

const start = (): Holds => createHolds({ warn: (message) => void warnings.push(message) });
const place = (name: string): string => join(folder, name);

function removal(path: string, flags = 0): UndoCall {
  return ['unlinkat', AT_FDCWD, Buffer.from(`${path}\0`), flags];
}

function heldFile(name: string, atCommit: AtCommit = 'kept'): Held {
  return { what: `file ${name}`, undo: [removal(place(name))], atCommit };
}

function heldDirectory(name: string, atCommit: AtCommit = 'kept'): Held {
  return { what: `directory ${name}`, undo: [removal(place(name), removeDirectory)], atCommit };
}

function guards(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        // It names itself a moment after its start.
        return readStat(pid).ppid === process.pid && readlinkSync(`/proc/${pid}/exe`).startsWith('/memfd:criujs');
      } catch {
        return false;
      }
    });
}

test('there is no guard before something is held, and one for each end of it from then on', () => {
  const holds = start();
  expect(guards()).toHaveLength(0);
  expect(holds.ends()).toEqual([]);
  for (const name of ['a', 'b', 'c'])
    holds.hold(heldFile(name), () => {
      writeFileSync(place(name), name);
    });
  expect(guards()).toHaveLength(1);
  holds.hold(heldFile('d', 'undone'), () => {
    writeFileSync(place('d'), '');
  });
  expect(guards()).toHaveLength(2);
  expect(
    holds
      .ends()
      .map(({ atCommit }) => atCommit)
      .sort(),
  ).toEqual(['kept', 'undone']);
  holds.end();
  expect(readdirSync(folder)).toEqual([]);
  expect(warnings).toEqual([]);
});

test('the guard is there before the thing happens', () => {
  const holds = start();
  const answer = holds.hold(heldFile('a'), () => guards().length);
  expect(answer).toBe(1);
  holds.end();
  expect(warnings).toEqual(['file a: could not be undone (ENOENT)']);
});

test('all is undone, the last first, when there was no commit', () => {
  const holds = start();
  for (const name of ['a', 'a/b', 'a/b/c'])
    holds.hold(heldDirectory(name, name === 'a/b' ? 'undone' : 'kept'), () => {
      mkdirSync(place(name));
    });
  holds.end();
  expect(existsSync(place('a'))).toBe(false);
  expect(warnings).toEqual([]);
});

test('a commit keeps what is to be kept', () => {
  const holds = start();
  for (const [name, atCommit] of [
    ['kept', 'kept'],
    ['undone', 'undone'],
  ] as const)
    holds.hold(heldFile(name, atCommit), () => {
      writeFileSync(place(name), '');
    });
  holds.committed();
  holds.end();
  expect(readdirSync(folder)).toEqual(['kept']);
  expect(warnings).toEqual([]);
});

test('what was told to be kept is undone all the same when the commit fails', () => {
  const holds = start();
  holds.hold(heldFile('kept'), () => {
    writeFileSync(place('kept'), '');
  });
  holds.keep();
  expect(guards()).toEqual([]);
  expect(holds.ends()).toEqual([]);
  expect(readdirSync(folder)).toEqual(['kept']);
  holds.end();
  expect(readdirSync(folder)).toEqual([]);
});

test('what fails halfway is undone at once, and what was held before stays', () => {
  const holds = start();
  holds.hold(heldFile('first'), () => {
    writeFileSync(place('first'), '');
  });
  const failing = (): never => {
    writeFileSync(place('second'), '');
    throw new Error('no more');
  };
  expect(() => holds.hold(heldFile('second'), failing)).toThrow('no more');
  expect(readdirSync(folder)).toEqual(['first']);
  expect(guards()).toHaveLength(1);
  holds.end();
  expect(readdirSync(folder)).toEqual([]);
});

test('an undo has its descriptor even if that was closed, and a guard that was killed is not needed', () => {
  const holds = start();
  const directory = openSync(folder, 'r');
  const undo: UndoCall = ['unlinkat', { fd: directory }, Buffer.from('a\0'), 0];
  holds.hold({ what: 'a', undo: [undo, undo], atCommit: 'kept' }, () => {
    writeFileSync(place('a'), '');
  });
  closeSync(directory);
  for (const pid of guards()) process.kill(pid, 'SIGKILL');
  holds.end();
  expect(readdirSync(folder)).toEqual([]);
  expect(warnings).toEqual(['a: could not be undone (ENOENT)']);
});

test('a guard that was stopped is ended, and undoes nothing', () => {
  const holds = start();
  holds.hold(heldFile('a'), () => {
    writeFileSync(place('a'), '');
  });
  for (const pid of guards()) process.kill(pid, 'SIGSTOP');
  holds.committed();
  holds.end();
  expect(readdirSync(folder)).toEqual(['a']);
});

test('without a guard nothing is done', () => {
  const holds = start();
  const undo: UndoCall = ['unlinkat', { fd: 1_000_000 }, Buffer.from('a\0'), 0];
  const make = (): void => writeFileSync(place('a'), '');
  expect(() => holds.hold({ what: 'a', undo: [undo], atCommit: 'kept' }, make)).toThrow('EBADF');
  expect(readdirSync(folder)).toEqual([]);
  holds.end();
});

test('before the tree runs on, what is not kept is undone, and the rest stays', () => {
  const holds = start();
  for (const atCommit of ['undone', 'kept'] as const)
    holds.hold(heldFile(atCommit, atCommit), () => writeFileSync(place(atCommit), ''));
  expect([holds.holds('file kept'), holds.holds('file undone'), holds.holds('file other')]).toEqual([
    true,
    true,
    false,
  ]);
  holds.release();
  expect([existsSync(place('kept')), existsSync(place('undone'))]).toEqual([true, false]);
  expect([holds.holds('file kept'), holds.holds('file undone')]).toEqual([true, false]);
  expect(guards()).toHaveLength(1);
  holds.end();
  expect(existsSync(place('kept'))).toBe(false);
  expect(warnings).toEqual([]);
});

test('what comes before the end is made when it is asked for, and never else', () => {
  const holds = start();
  for (const name of ['first', 'second']) writeFileSync(place(name), '');
  const beforeEnd = [removal(place('first')), removal(place('missing')), removal(place('second'))];
  holds.hold({ what: 'an end', undo: [], atCommit: 'kept', beforeEnd }, () => undefined);
  expect(holds.beforeEnd()).toHaveLength(3);
  holds.makeBeforeEnd();
  expect([existsSync(place('first')), existsSync(place('second'))]).toEqual([false, false]);
  holds.end();
});
