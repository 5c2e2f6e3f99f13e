import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from './harness/command.ts';
import { endNow, runs } from './harness/processes.ts';
import { until } from './harness/wait.ts';

// What becomes of what a dump holds when its engine is killed: at each moment, by itself, so that no moment is missed.

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'criujs-held-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** An engine that holds three directories, commits in one of three ways, and kills itself at a given moment. */
const engine = `
  import { spawn } from 'node:child_process';
  import { existsSync, mkdirSync, renameSync, writeSync } from 'node:fs';
  import { pidfdOpen, ptraceOption, readChildren } from '@criujs/linux';
  import { createHolds } from './dist/machinery/guard/holds.js';
  import { commitAlone, commitAndKill } from './dist/machinery/guard/commit.js';

  const { folder, way, at } = JSON.parse(process.argv[1]);
  const [from, to] = ['images.tmp', 'images'].map((name) => folder + '/' + name);
  if (at !== 'refused') mkdirSync(from);
  const target = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
  const say = () => {
    const guards = readChildren(process.pid).filter((pid) => pid !== target.pid);
    writeSync(1, JSON.stringify({ target: target.pid, guards }));
  };
  const reach = (moment) => {
    if (moment !== at) return;
    say();
    process.kill(process.pid, 'SIGKILL');
  };
  const holds = createHolds({ warn: (message) => console.error(message) });
  const hold = (name, atCommit) => {
    const path = folder + '/' + name;
    const undo = [['unlinkat', -100, Buffer.from(path + '\\0'), 0x200]];
    holds.hold({ what: name, undo, atCommit }, () => {
      reach('before ' + name);
      mkdirSync(path);
      reach('made ' + name);
    });
    reach('held ' + name);
  };
  hold('kept', 'kept');
  hold('undone', 'undone');
  hold('kept/too', 'kept');

  const rename = () => {
    reach('running');
    renameSync(from, to);
    reach('ran');
  };
  const byRename = {
    by: 'rename',
    claim: null,
    prepare: () => ({ from, to, flags: 0 }),
    happened: () => existsSync(to),
    refused: (code) => new Error(code),
    run: rename,
    settle: () => reach('settled'),
  };
  const session = {
    store: { commit: way === 'store' ? { by: 'store', run: rename } : byRename },
    phase: () => reach('commit'),
    finalPhase: () => reach('over'),
    warn: (message) => console.error(message),
  };
  const tracee = { setOptions: (options) => reach(options & ptraceOption.EXITKILL ? 'ordered' : 'before the order') };
  const tree = { tasks: [{ pid: target.pid, pidfd: pidfdOpen(target.pid), threads: [{ tracee }] }] };
  try {
    (way === 'alone' ? commitAlone : commitAndKill)(tree, session, holds);
  } catch (error) {
    if (at !== 'refused' || !error.message.includes('ENOENT')) throw error;
  } finally {
    holds.end();
  }
  say();
  target.unref();
`;

interface Left {
  readonly directories: readonly string[];
  readonly target: 'alive' | 'ended';
}

/** Runs the engine up to a moment, waits until no process of it is left but its target, and tells what is. */
async function engineAt(way: string, at: string): Promise<Left> {
  const command = ['--input-type=module', '-e', engine, JSON.stringify({ folder, way, at })];
  const ended = await run([process.execPath, ...command], { cwd: new URL('..', import.meta.url).pathname });
  const survives = ['refused', 'end'].includes(at);
  expect({ signal: ended.signal, code: ended.code, said: ended.stderr }).toMatchObject(
    survives ? { code: 0, said: '' } : { signal: 'SIGKILL', said: '' },
  );
  const { target, guards } = JSON.parse(ended.stdout) as { target: number; guards: number[] };
  try {
    if (survives) expect(guards).toEqual([]);
    else expect(guards.length).toBeGreaterThan(0);
    await until(`the guards ${guards} have ended`, () => !guards.some(runs));
    // The guard of a commit sends its signals before it ends.
    const isOver = existsSync(join(folder, 'images')) && way !== 'alone' && at !== 'ran';
    if (isOver) await until('the target has ended', () => !runs(target));
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return {
      directories: names.filter((name) => name !== 'images.tmp').toSorted(),
      target: runs(target) ? 'alive' : 'ended',
    };
  } finally {
    endNow(target);
  }
}

const undone: Left = { directories: [], target: 'alive' };
const kept = ['kept', 'kept/too'];

describe('an engine that is killed', () => {
  const moments = ['kept', 'undone', 'kept/too'].flatMap((name) =>
    ['before', 'made', 'held'].map((when) => `${when} ${name}`),
  );

  test.each([...moments, 'commit', 'before the order'])('before its commit (%s): all is undone', async (at) => {
    expect(await engineAt('rename', at)).toEqual(undone);
  });

  test.each(['ordered', 'over', 'settled'])('once the commit is ordered (%s): kept with the images', async (at) => {
    expect(await engineAt('rename', at)).toEqual({ directories: ['images', ...kept], target: 'ended' });
  });

  test('while it commits and the tree is to run on: kept, and the rest is undone', async () => {
    expect(await engineAt('alone', 'running')).toEqual({ directories: kept, target: 'alive' });
  });

  test('after that: kept with the images', async () => {
    expect(await engineAt('alone', 'ran')).toEqual({ directories: ['images', ...kept], target: 'alive' });
  });

  test.each(['running', 'ran'])('while a store commits (%s): kept', async (at) => {
    const images = at === 'ran' ? ['images'] : [];
    expect(await engineAt('store', at)).toEqual({ directories: [...images, ...kept], target: 'alive' });
  });

  test('after a store has committed: kept', async () => {
    expect(await engineAt('store', 'ordered')).toEqual({ directories: ['images', ...kept], target: 'ended' });
  });
});

describe.each(['rename', 'alone', 'store'])('an engine that lives, commit: %s', (way) => {
  test('keeps what is to be kept, and undoes the rest', async () => {
    const target = way === 'alone' ? 'alive' : 'ended';
    expect(await engineAt(way, 'end')).toEqual({ directories: ['images', ...kept], target });
  });

  test('undoes all of it when the commit is refused', async () => {
    expect(await engineAt(way, 'refused')).toEqual(undone);
  });
});
